"""The page of a study in a real browser: what it shows, and what one can do with it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from page_samples import HOSTILE, ROOT, page, side_by_side
from watched import Watched

from advex.common.artifacts import read_table
from advex.config import load

SCORECARD = read_table(ROOT / "docs/results/digits/scorecard.csv")
PLAN = load(ROOT / "config")
FIGURES = PLAN.figure_names("digits")
SOURCES = [path.stem for path in (ROOT / "config/sources").glob("*.yaml") if PLAN.draws("digits", path.stem)]
MOST_PAGES = 15
OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
TOO_WIDE = """[...document.querySelectorAll("body *")].filter(
    one => one.checkVisibility() && !one.closest("pre, .unseen, .skip")
        && one.getBoundingClientRect().right > innerWidth + 1
).map(one => one.outerHTML.slice(0, 120))"""

Opening = Callable[..., Watched]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"))


def written(folder: Path, hostile: str = "", every: int = 1) -> Path:
    """Write the page to its place, beside its drawings."""
    file = folder / "results/digits/index.html"
    text = page(folder, hostile, every=every)
    file.write_text(text)
    return file


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same page with every ninth row, for what looks at each of its parts, below that of all studies."""
    file = written(tmp_path_factory.mktemp("short"), every=9)
    (file.parents[1] / "index.html").write_text(side_by_side())
    return file


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Opening]:
    """Open the page, in a theme and at a width; at the end it has said nothing and asked for nothing."""
    pages: list[Watched] = []

    def opening(**how: Any) -> Watched:
        pages.append(Watched(browser, file, **how))
        return pages[-1]

    yield opening
    for one in pages:
        one.close()
        assert one.said == []
        assert one.dialogs == []
        assert one.asked_of_others(file) == []


def shown(watched: Watched) -> int:
    """Count the rows of the scorecard that are shown."""
    return int(watched.page.locator("#rows tbody tr:visible").count())


def first_claims(watched: Watched, attribute: str) -> list[str]:
    return list(
        watched.page.locator("#rows tbody tr").evaluate_all(
            f"rows => rows.map(row => row.dataset.{attribute})"
        )
    )


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light")])
def test_every_section_and_figure_is_there_and_nothing_overflows(
    opened: Opening, width: int, theme: str
) -> None:
    watched = opened(width=width, theme=theme)
    for name in SOURCES:
        section = watched.page.locator(f"section[id='{name}']")
        assert "What it claims" in section.inner_text()
        assert "What we find" in section.inner_text()
    for name in FIGURES:
        figure = watched.page.locator(f"article[id='{name}']")
        image = figure.locator("figure img")
        image.scroll_into_view_if_needed()
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") > 100
        assert figure.locator(".finding").inner_text() in image.get_attribute("alt")
    watched.page.evaluate(OPEN)
    assert watched.page.evaluate("document.documentElement.scrollWidth") == width
    wide = watched.page.evaluate(TOO_WIDE)
    assert wide == []


@pytest.mark.parametrize("place", ["digits", "."])
@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_wcag_2_2_aa(browser: Any, short: Path, place: str, width: int, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="without axe-core")
    watched = Watched(browser, short.parents[1] / place / "index.html", width=width, theme=theme)
    assert watched.page.evaluate("document.documentElement.scrollWidth") == width
    watched.page.evaluate(OPEN)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    results = axe.Axe().run(watched.page, options={"runOnly": tags, "resultTypes": ["violations"]})
    watched.close()
    violations = results.response["violations"]
    assert [(one["id"], node["html"]) for one in violations for node in one["nodes"]] == []


def test_pages_lead_to_each_other(browser: Any, short: Path) -> None:
    watched = Watched(browser, short.parents[1] / "index.html")
    watched.page.locator("[id='claims/I4'] a").first.click()
    watched.page.locator("#rows [id='claim/on_rand_accuracy'] details p").wait_for(state="visible")
    watched.page.locator("a[href^='../index.html#costs/']").first.evaluate("link => link.click()")
    watched.page.wait_for_url("**/index.html#costs/ilyas/dataset_grid")
    assert watched.page.locator("[id='costs/ilyas/dataset_grid']").is_visible()
    watched.close()
    assert watched.said == []


def test_the_themes_differ(opened: Opening) -> None:
    colours = [
        opened(theme=theme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for theme in ("light", "dark")
    ]
    assert colours[0] == "rgb(255, 255, 255)"
    assert max(map(int, re.findall(r"\d+", colours[1]))) < 60


def test_rows_are_filtered(opened: Opening) -> None:
    watched = opened()
    assert shown(watched) == len(SCORECARD)
    watched.page.locator("#by-source").select_option("wallace")
    of_source = SCORECARD["source"] == "wallace"
    assert shown(watched) == of_source.sum()
    watched.page.locator("#by-verdict").select_option("effect")
    of_both = of_source & (SCORECARD["verdict"] == "effect")
    assert shown(watched) == of_both.sum()
    assert watched.page.locator("#count").inner_text() == f"{of_both.sum()} of {len(SCORECARD)} rows"
    watched.page.locator("#by-kind").select_option("primary")
    assert shown(watched) == (of_both & (SCORECARD["kind"] == "primary")).sum()
    watched.page.locator("#by-text").fill("MISTAKES confusion")
    assert shown(watched) == 1


def test_undecided_claims_alone(opened: Opening) -> None:
    watched = opened()
    needs = watched.page.locator("#needs tbody tr:visible")
    every = needs.count()
    watched.page.locator("#undecided").focus()
    watched.page.keyboard.press("Space")
    primary = SCORECARD["kind"] == "primary"
    assert needs.count() == (SCORECARD.loc[primary, "verdict"] == "undecided").sum() < every
    watched.page.keyboard.press("Space")
    assert needs.count() == every


def test_a_slider_shows_the_numbers_at_each_radius_by_keyboard(opened: Opening) -> None:
    watched = opened(width=390)
    sweep = watched.page.locator("[id='nakkiran/squares'] .sweep")
    sweep.locator("input").focus()
    for key, radius, value in (("Home", "0.01", "100.0"), ("ArrowRight", "0.3", "50.0")):
        watched.page.keyboard.press(key)
        assert sweep.locator("output").inner_text() == radius
        assert set(sweep.locator("td").all_inner_texts()) == {value}
    assert sweep.locator("input").get_attribute("aria-valuetext") == "0.3"


def test_a_link_to_a_row_shows_it_whatever_is_filtered(opened: Opening) -> None:
    watched = opened()
    watched.page.locator("#by-text").fill("no row has these words")
    assert shown(watched) == 0
    claim = SCORECARD["claim"].iloc[0]
    watched.page.locator(f"a[href='#claim/{claim}']").first.click()
    row = watched.page.locator(f"[id='claim/{claim}']")
    row.locator("details p").wait_for(state="visible")
    assert shown(watched) == len(SCORECARD)


@pytest.mark.parametrize(
    ("key", "number"), [("published", True), ("ours", True), ("p", True), ("words", False)]
)
def test_rows_are_sorted_by_keyboard(opened: Opening, key: str, number: bool) -> None:
    watched = opened()
    head = watched.page.locator(f"#rows th[data-key='{key}']")
    for order, descending in (("ascending", False), ("descending", True)):
        head.locator("button").focus()
        watched.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        values = [value for value in first_claims(watched, key) if value]
        given = first_claims(watched, key)
        assert given[: len(values)] == values, "rows without a value come last"
        if number:
            assert [float(value) for value in values] == sorted(map(float, values), reverse=descending)
        else:
            assert values[0][:1].lower() == (max if descending else min)(
                value[:1].lower() for value in values
            )


def test_all_that_acts_is_reached_by_keyboard(opened: Opening) -> None:
    """The skip link comes first; the filters follow one another, and what has the focus is marked."""
    watched = opened()
    watched.page.keyboard.press("Tab")
    assert watched.page.evaluate("document.activeElement.className") == "skip"
    watched.page.locator("#by-source").focus()
    reached = []
    for _ in range(6):
        reached.append(watched.page.evaluate("document.activeElement.id"))
        assert watched.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        watched.page.keyboard.press("Tab")
    assert reached == ["by-source", "by-verdict", "by-kind", "by-text", "sorted-by", "alone"]
    assert watched.page.evaluate("document.activeElement.closest('th').dataset.key") == "words"


def test_the_scorecard_prints_on_few_pages(opened: Opening) -> None:
    watched = opened()
    watched.page.locator("#alone").check()
    assert not watched.page.locator("#ilyas").is_visible()
    printed = watched.page.pdf(prefer_css_page_size=True)
    assert 3 < len(re.findall(rb"/Type\s*/Page\b", printed)) <= MOST_PAGES


def test_hostile_texts_run_nothing(browser: Any, tmp_path: Path) -> None:
    """In every name, title, caption, criterion and drawing; the page says them, and does nothing else."""
    file = written(tmp_path, HOSTILE)
    watched = Watched(browser, file)
    assert watched.page.locator("img[src='x']").count() == 0
    assert HOSTILE in watched.page.locator("h2", has_text="Ilyas").inner_text()
    assert HOSTILE.replace("--", "- -") in watched.page.locator("article .finding").first.inner_text()
    assert watched.page.locator("#rows tbody tr").count() == len(SCORECARD)
    watched.page.locator("#by-text").fill("onerror")
    assert shown(watched) == len(SCORECARD)
    watched.close()
    assert (watched.dialogs, watched.said, watched.asked_of_others(file)) == ([], [], [])
