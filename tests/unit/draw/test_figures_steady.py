"""Figures whose numbers differ in their last bits are the same file."""

import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.font_manager import fontManager

from advex.draw import lettering, marks, steady, style

NOISE = 1e-14  # of a number: some last bits


def drawing(tmp_path, *, noise=0.0):
    """Draw what figures are made of, with numbers that are a little off; return both files' content."""
    generator = np.random.default_rng(0)
    other = np.random.default_rng(1)

    def off(values):
        return np.asarray(values, dtype=float) * (1 + noise * other.uniform(-1, 1, np.shape(values)))

    figure, axes = style.canvas(style.PAGE_WIDTH, 90, 2, 3)
    marks.bars(axes[0, 0], 0, off([50, 52, 49]).tolist(), "standard", label="standard")
    marks.mean_line(axes[0, 0], off([0, 1, 2]), off(100 * generator.random((2, 3))), "robust")
    marks.published_marks(axes[0, 0], off([0, 1]), off([60, 40]), "published")
    marks.chance_line(axes[0, 0], float(off(10)))
    axes[0, 1].set(xscale="log", yscale="log")
    axes[0, 1].plot(off(generator.random(300)), off(generator.random(300)), ".", rasterized=True)
    axes[0, 1].plot(off(np.geomspace(0.01, 1, 50)), off(np.geomspace(0.02, 0.9, 50)), "--")
    axes[0, 2].scatter(off(generator.random(20)), off(generator.random(20)), s=off(30 * generator.random(20)))
    waves = np.sin(np.arange(8.0)[:, None] * np.arange(9.0) / 7)
    image = axes[1, 0].imshow(off(waves), cmap="viridis", vmin=-1, vmax=1)
    figure.colorbar(image, ax=axes[1, 0])
    axes[1, 1].contour(off(np.arange(9)), off(np.arange(8)), off(waves), [0.1, 0.5])
    axes[1, 1].annotate("an arrow", off((4, 4)), off((6, 6)), arrowprops={"arrowstyle": "->"})
    marks.image_grid(axes[1, 2], off(generator.random((2, 2, 5, 5)) * 0.9), ("a", "b"), ("c", r"$\mu^2$"))
    lettering.title(figure, "A finding")
    lettering.legend_below(figure, 2)
    style.save(figure, tmp_path / "a.svg", tmp_path / "a.png")
    return (tmp_path / "a.svg").read_bytes(), (tmp_path / "a.png").read_bytes()


@pytest.mark.slow
def test_last_bits_of_data_do_not_change_a_file(tmp_path):
    assert drawing(tmp_path, noise=NOISE) == drawing(tmp_path)
    assert drawing(tmp_path, noise=1e-3) != drawing(tmp_path)


@pytest.mark.slow
def test_last_bits_of_the_layout_do_not_change_a_file(tmp_path, monkeypatch):
    exact = drawing(tmp_path)
    lay_out = steady.ConstrainedLayoutEngine.execute
    generator = np.random.default_rng(2)

    def inexactly(engine, figure):
        grids = lay_out(engine, figure)
        for axes in figure.axes:
            box = axes.get_position(original=True).bounds
            axes.set_position(np.array(box) * (1 + NOISE * generator.uniform(-1, 1, 4)))
            axes.set_in_layout(True)
        return grids

    monkeypatch.setattr(steady.ConstrainedLayoutEngine, "execute", inexactly)
    assert drawing(tmp_path) == exact


def test_parts_of_figures_are_laid_out_on_round_places():
    figure, _ = style.canvas(style.PAGE_WIDTH, 60)
    figure.clear()
    parts = figure.subfigures(1, 2, width_ratios=[1, 2.1])
    for part in parts:
        part.subplots().set_xlabel("x")
    figure.draw_without_rendering()
    boxes = [part.bbox_relative for part in parts] + [axes.get_position() for axes in figure.axes]
    for box in boxes:
        np.testing.assert_allclose(box.get_points() * 1e6, np.round(box.get_points() * 1e6), atol=1e-6)
    assert all(axes.get_in_layout() for axes in figure.axes)


@pytest.mark.parametrize("value", [0.0, 0.5, 0.0005, 1.0625, 12.3455, -7.25, 1 / 3])
def test_steady_numbers_are_near_and_do_not_hang_on_last_bits(value):
    around = value + max(abs(value), 1) * NOISE * np.array([-1, 0, 1])
    assert len(set(steady.steady(around).tolist())) == 1
    np.testing.assert_allclose(steady.steady(value), value, atol=0.00065)
    assert np.isnan(steady.steady(np.nan))


def test_an_svg_file_is_shortened_where_it_holds_coordinates_only():
    image = "base64,\n1+23456789ab"
    text = (
        '<g clip-path="url(#p0123456789)"><path id="m00000000aa" d="M 1.234567 -2 L 0.000001 3.5"/>'
        '<use xlink:href="#m00000000aa" x="10.999999" style="stroke-width: 0.12345"/>'
        f'<image id="imagefedcba9876" xlink:href="data:image/png;{image}"/>'
        '<g id="patch_1" transform="translate(1.23456 2) scale(0.015625)"><use xlink:href="#DejaVu-30"/></g>'
        '<path id="C0_0_00000000ab" d="M 0 0"/><use xlink:href="#C0_0_00000000ab"/>'
        '<clipPath id="p00000000bb"/><clipPath id="p0123456789"/></g>'
    )
    assert steady.steady_svg(text) == (
        '<g clip-path="url(#p1)"><path id="m1" d="M 1.235 -2 L 0 3.5"/>'
        '<use xlink:href="#m1" x="11" style="stroke-width: 0.12345"/>'
        f'<image id="image1" xlink:href="data:image/png;{image}"/>'
        '<g id="patch_1" transform="translate(1.235 2) scale(0.015625)"><use xlink:href="#DejaVu-30"/></g>'
        '<path id="C0_0_1" d="M 0 0"/><use xlink:href="#C0_0_1"/>'
        '<clipPath id="p2"/><clipPath id="p1"/></g>'
    )


def test_every_name_in_an_svg_file_is_there_and_none_is_a_hash(tmp_path):
    text = drawing(tmp_path)[0].decode()
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(names)
    assert not [name for name in names if re.search(r"[0-9a-f]{8}", name)]


@pytest.mark.slow
def test_settings_of_the_user_and_fonts_of_the_machine_change_nothing(tmp_path, monkeypatch):
    exact = drawing(tmp_path)
    with matplotlib.rc_context(
        {"axes.grid": True, "savefig.bbox": "tight", "font.size": 20, "lines.marker": "x"}
    ):
        assert drawing(tmp_path) == exact
    serif = next(font.fname for font in fontManager.ttflist if font.name == "DejaVu Serif")
    foreign = tmp_path / "DejaVuSans.ttf"
    foreign.symlink_to(serif)
    code = (
        "import sys; from pathlib import Path; from matplotlib.font_manager import FontEntry, fontManager;"
        "import test_figures_steady as test; own = list(fontManager.ttflist);"
        "theirs = [FontEntry(sys.argv[1], 0, 'DejaVu Sans', weight=w, size='scalable') for w in (400, 700)];"
        "fontManager.ttflist = theirs + own; folder = Path(sys.argv[2]); folder.mkdir(); test.drawing(folder)"
    )
    subprocess.run(
        [sys.executable, "-c", code, foreign, tmp_path / "elsewhere"],
        cwd=__file__.rpartition("/")[0],
        check=True,
    )
    assert (tmp_path / "elsewhere/a.png").read_bytes() == exact[1]
