from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from figures_seen import heading
from matplotlib.text import Text

from advex.common.errors import UserError
from advex.discussion.ilyas import ellipses, gaussian
from advex.discussion.ilyas.figures import gaussian as figure4
from advex.discussion.ilyas.figures import gaussian_theory, robust_and_accurate
from advex.draw import lettering, marks, style
from advex.draw.tables import published_value

CONTEXT = lettering.Context("digits", "ilyas/x", "measurements/ilyas/x.csv", "digits, 8x8", 3, 360)
PUBLISHED = pd.DataFrame(
    {
        "figure4_boundary_slope_eps0": 0.2,
        "figure4_boundary_slope_eps1": 1.514,
        "figure4_boundary_slope_eps10": 5.781,
        "figure14_erm_slope": -0.3,
        "figure14_erm_boundary_angle_degrees": 73.3,
        "figure14_robust_boundary_angle_degrees": 1.9,
    }.items(),
    columns=["key", "value"],
)


def small_figure():
    figure, axes = style.canvas(style.COLUMN_WIDTH, 60, 1, 2)
    marks.bars(axes[0, 0], 0, [50, 52, 49], "standard", label="standard")
    marks.bars(axes[0, 0], 1, [70], "robust")
    marks.published_marks(axes[0, 0], [0, 1], [60, 40], "published (Table 1)")
    marks.chance_line(axes[0, 0], 10)
    marks.mean_line(axes[0, 1], [0, 1, 2], np.arange(6.0).reshape(2, 3), "robust")
    lettering.title(figure, "A finding")
    lettering.footer(figure, CONTEXT)
    return figure


def test_canvas_has_the_print_size_and_a_two_dimensional_array_of_panels():
    figure, axes = style.canvas(style.PAGE_WIDTH, 50, 2, 1)
    np.testing.assert_allclose(figure.get_size_inches() * 25.4, [175, 50])
    assert axes.shape == (2, 1)
    assert not axes[0, 0].spines["top"].get_visible()
    assert not axes[0, 0].spines["right"].get_visible()


def test_saved_bytes_are_equal_for_equal_figures(tmp_path):
    for name in "ab":
        style.save(small_figure(), tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert b"dc:date" not in (tmp_path / "a.svg").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg", "b.png", "b.svg"]


def test_bars_and_lines_return_their_estimates_and_one_seed_has_no_interval():
    _, axes = style.canvas(80, 60)
    axis = axes[0, 0]
    assert marks.bars(axis, 0, [50, 52], "standard").mean == 51
    assert len(axis.containers) == 2  # bar and interval
    marks.bars(axis, 1, [50], "standard")
    assert len(axis.containers) == 3  # one bar more
    line = marks.mean_line(axis, [0, 1], np.array([[1, 2], [3, 4]]), "robust")
    assert [summary.mean for summary in line] == [2, 3]
    with pytest.raises(KeyError):
        marks.bars(axis, 0, [1], "no such role")


def test_footer_names_study_seeds_images_and_table_and_wraps():
    figure, _ = style.canvas(style.COLUMN_WIDTH, 60)
    lettering.footer(figure, CONTEXT)
    text = " ".join(figure.get_supxlabel().split())
    for part in ("study digits", "digits, 8x8", "3 seeds", "360 images", "measurements/ilyas/x.csv"):
        assert part in text
    figure.draw_without_rendering()
    assert figure._supxlabel.get_window_extent().width < figure.bbox.width


def test_legend_below_names_each_entry_once_and_stays_clear_of_footer_and_panels():
    figure, axes = style.canvas(style.COLUMN_WIDTH, 60, 1, 2)
    for axis in axes.flat:
        axis.plot([0, 1], [0, 1], label="ours")
        axis.set_xlabel("epoch")
    lettering.title(figure, "A finding")
    lettering.footer(figure, CONTEXT)
    lettering.legend_below(figure, columns=2)
    figure.draw_without_rendering()
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["ours"]
    assert legend.get_window_extent().y0 > figure._supxlabel.get_window_extent().y1
    assert legend.get_window_extent().y1 < min(axis.get_tightbbox().y0 for axis in axes.flat)


def test_image_grid_places_images_without_smoothing():
    figure, axes = style.canvas(80, 60)
    images = np.random.default_rng(0).random((2, 3, 4, 5, 3))
    axis = marks.image_grid(axes[0, 0], images, ["a", "b"], ["x", "y", "z"])
    shown = axis.images[0]
    assert shown.get_interpolation() == "nearest"
    np.testing.assert_array_equal(np.asarray(shown.get_array())[5:9, 12:17], images[1, 2])
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    marks.image_grid(style.canvas(80, 60)[1][0, 0], images[..., 0], [], [])
    for wrong, rows in ((images * 2, ["a", "b"]), (images, ["a"]), (images[0], ["a", "b"])):
        with pytest.raises(ValueError, match="images"):
            marks.image_grid(figure, wrong, rows, ["x", "y", "z"])


def test_published_value_must_exist_once():
    assert published_value(PUBLISHED, "figure14_erm_slope") == -0.3
    with pytest.raises(UserError, match="0 rows have the key 'nothing'"):
        published_value(PUBLISHED, "nothing")
    with pytest.raises(UserError, match="2 rows"):
        published_value(pd.concat([PUBLISHED, PUBLISHED]), "figure14_erm_slope")


def test_intervals_stay_where_values_can_lie():
    _, axes = style.canvas(80, 60)
    found = marks.bars(axes[0, 0], 0, [99, 100, 90], "standard")
    assert found.mean == pytest.approx(289 / 3)
    assert (found.low, found.high) == (pytest.approx(82.7, abs=0.1), 100)
    band = marks.mean_line(axes[0, 0], [0], np.array([[0.0], [0.5], [0.2]]), "robust")
    assert band[0].low == 0
    assert marks.bounded([-0.9, 0.2, 0.9], marks.CORRELATION).high == 1
    np.testing.assert_allclose(marks.whiskers(found)[:, 0], [found.mean - found.low, 100 - found.mean])
    with pytest.raises(ValueError, match="found -1 to 5; allowed: 0 to 100"):
        marks.bars(axes[0, 0], 0, [-1, 5], "standard")


@pytest.mark.parametrize("words", [4, 14, 24, 34])
@pytest.mark.parametrize("width", [style.COLUMN_WIDTH, style.PAGE_WIDTH])
def test_titles_have_two_lines_inside_the_figure(width, words):
    figure, _ = style.canvas(width, 60)
    lettering.title(figure, " ".join(["finding"] * words)[: 100 if width == style.COLUMN_WIDTH else 240])
    figure.draw_without_rendering()
    assert figure.get_suptitle().count("\n") < 2
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1
    assert figure._suptitle.get_fontsize() >= style.SMALLEST_TEXT


@pytest.mark.parametrize(
    ("verdict", "whether", "does", "reserve"),
    [
        ("reproduced", "more", "teach", ""),
        ("size differs", "more", "teach", ""),
        ("effect", "more", "teach", ""),
        ("contradicted", "not more", "do not teach", ""),
        ("undecided", "not clearly more", "do not clearly teach", ""),
        ("absent", "not clearly more", "do not clearly teach", ""),
        (
            "not measurable here",
            "not clearly more",
            "do not clearly teach",
            " (a premise fails at this size)",
        ),
        (None, "not clearly more", "do not clearly teach", ""),
    ],
)
def test_titles_say_what_a_claim_comes_to(verdict, whether, does, reserve):
    context = replace(CONTEXT, verdicts={"claim": verdict} if verdict else {})
    assert context.whether("claim", "more") == whether
    assert context.does("claim", "teach") == does
    assert context.does("claim", "fall", "s") == {
        "teach": "falls", "do not teach": "does not fall", "do not clearly teach": "does not clearly fall",
    }[does]  # fmt: skip
    assert context.reserve("claim") == reserve
    assert replace(context, seeds=1).reserve("claim") == " (one seed)"


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.slow
def test_figures_of_the_theory_draw_with_readable_text(seeds):
    model = {"mean": (-10, 1), "variances": (25, 0.5), "samples": 300}
    tables = {
        "ilyas/gaussian": pd.concat(
            gaussian.gaussian_table(**model, epsilons=(0, 1, 10), seed=seed) for seed in range(seeds)
        ),
        "ilyas/gaussian_theory": pd.concat(
            gaussian.gaussian_theory_table(**model, epsilons=(0, 0.1, 10), penalties=(3, 8), seed=seed)
            for seed in range(seeds)
        ),
        "ilyas/robust_and_accurate": pd.concat(
            ellipses.robust_and_accurate_table(200, 0.3, seed) for seed in range(seeds)
        ),
    }
    for module in (figure4, gaussian_theory, robust_and_accurate):
        figure = module.draw(tables, PUBLISHED, replace(CONTEXT, seeds=seeds))
        figure.draw_without_rendering()
        assert ("(one seed)" in heading(figure)) == (seeds == 1)
        written = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        assert min(text.get_fontsize() for text in written) >= style.SMALLEST_TEXT


HOSTILE = "$x_{ \\frac $ ^ _"


def test_texts_from_people_are_never_mathematics(tmp_path):
    """Names of classes and data reach titles, legends, labels and ticks; numbers of logarithmic axes stay."""
    figure, axes = style.canvas(style.COLUMN_WIDTH, 60, 1, 2)
    marks.bars(axes[0, 0], 0, [50, 52, 49], "standard", label=HOSTILE)
    axes[0, 0].set_xticks([0], labels=[HOSTILE])
    axes[0, 0].set(title=HOSTILE, xlabel=HOSTILE, ylabel=HOSTILE)
    axes[0, 0].text(0, 1, HOSTILE)
    axes[0, 0].annotate(HOSTILE, (0, 1))
    axes[0, 1].plot([0.01, 100], [1, 2], label=HOSTILE + "2")
    axes[0, 1].set_xscale("log")
    lettering.title(figure, HOSTILE)
    lettering.footer(figure, replace(CONTEXT, data=HOSTILE))
    lettering.legend_below(figure, 2)
    style.save(figure, tmp_path / "a.svg", tmp_path / "a.png")
    shown = [label.get_text() for label in axes[0, 1].get_xticklabels()]
    assert any("10^{" in text for text in shown)
    assert all(label.get_parse_math() for label in axes[0, 1].get_xticklabels())
    assert not any(text.get_parse_math() for text in figure.findobj(Text) if text.get_text() == HOSTILE)
