"""The page of a study: it says what the tables say, in words, and leads to what is there."""

import html
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from page_samples import CITATION, FINDING, HOSTILE, ROOT, drawing, page, power, side_by_side, sweep

from advex.common.artifacts import read_table
from advex.common.errors import UserError
from advex.common.names.verdicts import THERE
from advex.config import load
from advex.judge.claims import PRIMARY, claims_files, load_claims
from advex.judge.pages.sources import SourceWords, in_order, load_names, load_sources
from advex.judge.pages.studies import duration_in_words
from advex.judge.pages.study.alone import alone
from advex.judge.pages.study.findings import finding
from advex.judge.pages.study.notes import about, notes, pieces
from advex.judge.pages.study.page import results_page
from advex.judge.pages.study.power import power_rows, power_sentence
from advex.judge.pages.study.rows import in_words
from advex.judge.pages.study.sentences import sentences

PLAN = load(ROOT / "config")
SCORECARD = read_table(ROOT / "docs/results/digits/scorecard.csv")
SOURCES = load_sources(sorted((ROOT / "config/sources").glob("*.yaml")))
DISCREPANCIES = (ROOT / "docs/discrepancies.md").read_text()


class Elements(HTMLParser):
    """Elements with their attributes, and the texts a reader sees outside of code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: dict[str, list[str]] = {}
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            self.values.setdefault(name, []).append(value or "")
        if tag not in ("meta", "img", "input", "br"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag, "elements end in the order in which they began"

    def handle_data(self, data: str) -> None:
        if not {"code", "pre", "script", "style"} & set(self.inside):
            self.texts.append(data)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Elements:
    return Elements(page(tmp_path_factory.mktemp("page")))


def test_every_figure_stands_with_its_finding_and_every_row_of_the_scorecard(shown: Elements) -> None:
    for name in PLAN.figure_names("digits"):
        assert name in shown.values["id"]
        assert f"{FINDING} {name.split('/')[1].replace('_', ' ')}" in shown.texts
    assert {f"claim/{claim}" for claim in SCORECARD["claim"]} <= set(shown.values["id"])
    assert len(shown.values["id"]) == len(set(shown.values["id"]))
    assert "nan" not in " ".join(shown.texts).split()


def test_the_sentence_counts_what_holds(shown: Elements) -> None:
    words = " ".join(" ".join(shown.texts).split())
    primary = SCORECARD.loc[SCORECARD["kind"] == "primary", "verdict"]
    there, same = primary.isin(THERE).sum(), (primary == "reproduced").sum()
    assert f"on digits, 8x8 grey, {there} of {len(primary)} primary claims hold ({same} of them" in words
    assert f"{(primary == 'contradicted').sum()} are contradicted" in words


def test_what_readers_see_are_words_and_no_identifiers(shown: Elements) -> None:
    """Files may be called by their names, and what is quoted is as it was."""
    identifier = r"\b[a-z0-9]+_[a-z0-9_]+\b(?!\.(?:csv|py|md|safetensors))"
    seen = {name for text in shown.texts for name in re.findall(identifier, text)}
    assert seen <= {"d_non_robust", "relu1_1"}


def test_links_on_the_page_and_into_the_repository_lead_somewhere(shown: Elements) -> None:
    links = shown.values["href"]
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside <= set(shown.values["id"])
    into = {link for link in links if link.startswith("../..")}
    assert len(into) > 40
    folder = ROOT / "results/digits"
    assert [link for link in into if not (folder / link).resolve().exists()] == []
    outside = {link for link in links if "://" in link}
    assert all(link.startswith("https://") for link in outside)
    figures = [path.removesuffix(".svg") for path in PLAN.figures("digits")]
    made = {path for paths in PLAN.behind_figures("digits").values() for path in paths}
    made |= {f"{path}.{kind}" for path in figures for kind in ("svg", "png")} | set(PLAN.pages("digits"))
    made |= {"results/digits/scorecard.csv", "results/digits/index.html", "results/index.html"}
    others = {link.partition("#")[0] for link in links} - into - outside - {""}
    assert {posixpath.normpath(f"results/digits/{link}") for link in others} <= made


def test_files_are_linked_at_their_commit_where_the_repositorys_address_is_known(tmp_path: Path) -> None:
    where = {"repository-code: https://example.org/advex/": "v0.1.0"}
    where["repository-code: https://example.org/advex\ncommit: abc123"] = "abc123"
    for known, state in where.items():
        links = Elements(page(tmp_path, citation=f"{CITATION}\n{known}\n")).values["href"]
        root = f"https://example.org/advex/blob/{state}"
        assert f"{root}/src/advex/discussion/ilyas/figures/relabelled.py" in links
        assert f"{root}/records/digits/draw/ilyas/relabelled.json" in links
        assert f"{root}/docs/criteria.md" in links
        into = [link.removeprefix(f"{root}/") for link in links if link.startswith(root)]
        assert [link for link in into if not (ROOT / link).exists()] == []
        assert not any(link.startswith("../..") for link in links)


def test_a_page_alone_holds_its_drawings(tmp_path: Path) -> None:
    """They are beside it as it is made, and in it once it is put together."""
    text = page(tmp_path)
    beside = [source for source in Elements(text).values["src"] if not source.startswith("data:")]
    assert beside == [path.removeprefix("results/digits/") for path in PLAN.figures("digits")]
    together = alone(text, tmp_path / "results/digits")
    assert len(together) > 1.5 * len(text)
    for source, name in zip(Elements(together).values["src"], beside, strict=True):
        assert source.startswith("data:image/svg+xml,")
        drawn = " ".join((tmp_path / "results/digits" / name).read_text().split())
        assert " ".join(unquote(source.partition(",")[2]).split()) == drawn


def test_a_slider_has_the_mean_over_seeds_at_every_stop() -> None:
    found = sweep()
    assert (found["stops"], found["columns"]) == (["0.01", "0.3"], ["79", "158"])
    names = ["label noise 0, pixel noise 0.1", "label noise 0.1, pixel noise 0.1"]
    assert [line["name"] for line in found["lines"]] == names
    assert all(line["cells"] == [["100.0", "50.0"]] * 2 for line in found["lines"])


def test_criteria_are_sentences() -> None:
    said = sentences(
        "premise on_det_learns holds (effect); accuracy of on_det > chance (10): holds [difference 5, 3 to 7 "
        "over 8 seeds and 500 images]; a_b not more than 2 above c: undecided [difference -1, -5 to 3 over 3 "
        "seeds]; x = 50 to within 2: contradicted [difference 9, 8 to 10 over 3 seeds]; no published number",
        {"on_det": "the network"},
        {"on_det_learns": "It learns"},
    )
    assert said == [
        "Its premise, “It learns”, holds (effect).",
        "Accuracy of the network must be above chance (10 %), by a 95 % interval. It does: the difference is "
        "5 (3 to 7), over 8 seeds and 500 images.",
        "A b must be not more than 2 above c, by a 95 % interval. That is undecided: the difference is -1 "
        "(-5 to 3), over 3 seeds.",
        "X must equal 50 to within 2, by a 95 % interval. It does not: the difference is 9 (8 to 10), over 3 "
        "seeds.",
        "No published number.",
    ]


def test_every_comparison_of_the_scorecard_is_a_sentence() -> None:
    for criterion in SCORECARD["criterion"]:
        assert not any("[difference" in sentence for sentence in sentences(criterion, {}, {})), criterion


def test_undecided_claims_that_more_seeds_would_settle_come_first(shown: Elements) -> None:
    of = SCORECARD.set_index("primary")["verdict"]
    primary = [
        {"primary": name, "verdict": of[name], "words": name} for name in ("I5", "I4", "I6") if name in of
    ]
    table = power(SCORECARD[SCORECARD["primary"].isin(["I4", "I5", "I6"])])
    table["needed"] = table["primary"].map({"I4": 3.0, "I5": float("nan"), "I6": 40.0})
    rows = power_rows(table, primary, {"on_det": "the network"})
    undecided = [row for row in rows if row["claim"]["verdict"] == "undecided"]
    assert rows[: len(undecided)] == undecided
    assert [row["needed"] for row in undecided] == ["40", "more than 200"]
    assert [row["enough"] for row in rows if row["claim"]["primary"] == "I4"] == [True]
    assert "Of 2 that are undecided, 1 would be settled by up to 200 seeds" in power_sentence(rows)


def test_hostile_texts_stay_text(shown: Elements, tmp_path: Path) -> None:
    hostile = Elements(page(tmp_path, HOSTILE))
    # Notes have links to claims by name, which here no claim has.
    assert [name for name in hostile.elements if name[0] not in ("a", "code")] == [
        name for name in shown.elements if name[0] not in ("a", "code")
    ]
    assert sum(HOSTILE in text for text in hostile.texts) > 4 * len(SCORECARD)


def test_a_study_of_one_source_has_its_figures_alone(tmp_path: Path) -> None:
    seen = Elements(page(tmp_path, study="imagenet-style"))
    assert [name for name in seen.values["id"] if name in SOURCES] == ["nakano", "response"]
    assert {link[1:] for link in seen.values["href"] if link.startswith("#")} <= set(seen.values["id"])


def test_sources_of_which_nothing_is_said_are_called_by_their_names(tmp_path: Path) -> None:
    seen = Elements(page(tmp_path, worded=False))
    assert {"Goh leakage", "Relabelled", "Wallace"} <= set(seen.texts)
    assert "What it claims" not in seen.texts
    assert {f"claim/{claim}" for claim in SCORECARD["claim"]} <= set(seen.values["id"])


def test_studies_stand_side_by_side() -> None:
    seen = Elements(side_by_side())
    words = " ".join(" ".join(seen.texts).split())
    assert [f"claims/{name}" for name in PRIMARY] == sorted(
        (name for name in seen.values["id"] if name.startswith("claims/")),
        key=lambda name: PRIMARY.index(name.split("/")[1]),
    )
    assert {f"costs/{name}" for name in PLAN.figure_names("digits")} <= set(seen.values["id"])
    assert words.count("primary claims hold") == 2
    hostile = Elements(side_by_side(HOSTILE))
    assert hostile.elements == seen.elements
    assert sum(HOSTILE in text for text in hostile.texts) > len(PRIMARY)


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (0.4, "0 s"), (119.4, "119 s"), (121, "2 min"), (9000, "2 h")]
)
def test_durations_are_said_in_the_unit_that_fits(seconds: float | None, words: str) -> None:
    assert duration_in_words(seconds) == words


def test_a_finding_is_the_title_of_its_drawing(tmp_path: Path) -> None:
    for title in ("short", FINDING * 2, "100 % & <more> of ε, ℓ₂, $x$"):
        assert finding(drawing(tmp_path, title), "a drawing") == title


@pytest.mark.parametrize(
    "text", ["", "<svg/>", "<svg xmlns='http://www.w3.org/2000/svg'><g id='figure_1'/></svg>"]
)
def test_what_has_no_title_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="a drawing"):
        finding(text, "a drawing")


def test_a_figure_without_caption_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"report/captions/ilyas/relabelled\.md: missing"):
        results_page(
            template=str(ROOT / "report/page/index.html.j2"), study="digits", scale=PLAN.scale("digits"),
            origin=SCORECARD, figures=[str(tmp_path / "ilyas/relabelled.svg")], behind={}, pages=[],
            captions=[], scorecard=SCORECARD, power=power(SCORECARD), sweeps={}, warnings=[], sources=SOURCES,
                names={}, discrepancies="", citation=CITATION,
        )  # fmt: skip


def test_everything_is_said_of_every_source() -> None:
    claims = load_claims(claims_files(ROOT / "config/claims"))
    named = [name for words in SOURCES.values() for name in words.primary]
    assert sorted(named, key=PRIMARY.index) == [
        name for name in PRIMARY if name in {claim.primary for claim in claims}
    ]
    for name in {figure.split("/")[0] for figure in PLAN.figure_names("digits")} | {"response"}:
        words = SOURCES[name]
        assert words.claim.count(". ") == 1, f"{name}: two sentences"
        assert all((words.title, words.by, words.place, words.url, words.meaning, words.notes)), name
    things = {
        *PLAN.experiments.figures,
        *(Path(path).parent.name + "/" + Path(path).stem for path in PLAN.pages("digits")),
    }
    assert {f"{name}/{figure}" for name, words in SOURCES.items() for figure in words.figures} == things
    assert {figure for words in SOURCES.values() for figure in words.shown} <= things


def test_sources_come_in_the_order_of_the_discussion() -> None:
    drawn = [name.split("/")[0] for name in PLAN.figure_names("digits")]
    assert list(in_order(drawn, SOURCES)) == [
        "ilyas", "gilmer_hendrycks", "goh_leakage", "goh_features",
        "nakano", "nakkiran", "wallace", "response",
    ]  # fmt: skip
    assert in_order(["doe"], {}) == {"doe": SourceWords(name="Doe")}


def test_every_note_on_the_discussion_stands_with_a_source() -> None:
    all_notes = notes(DISCREPANCIES)
    placed = [note for words in SOURCES.values() for note in about(words.notes, all_notes)]
    assert {note.heading for note in all_notes if note not in placed} == {"Where we differ on purpose"}
    assert len(placed) == len(set(placed))
    rows = [line for line in DISCREPANCIES.splitlines() if line.startswith("| **")]
    assert len(all_notes) == len(rows)
    words = html.unescape(" ".join(piece.text for note in all_notes for piece in note.what))
    assert "**" not in words
    assert about("", all_notes) == []


def test_markdown_is_split_where_its_style_changes() -> None:
    text = "**Fig. 2** is `a_b`, *see* [the list](../published/ilyas.csv), 2 * 3"
    assert [(piece.style, piece.text) for piece in pieces(text)] == [
        ("strong", "Fig. 2"), ("plain", " is "), ("code", "a_b"), ("plain", ", "), ("em", "see"),
        ("plain", " "), ("link", "the list"), ("plain", ", 2 * 3"),
    ]  # fmt: skip


def test_identifiers_are_written_as_words() -> None:
    names = load_names(ROOT / "report/words.yaml")
    assert in_words("accuracy of on_det > accuracy of own_mistakes", names) == (
        "accuracy of a network taught by next-class examples > accuracy of own mistakes"
    )


def test_mistakes_in_what_is_said_of_a_source_are_named(tmp_path: Path) -> None:
    (tmp_path / "doe.yaml").write_text("name: Doe\nurl: javascript:alert(1)\nprimary: {X1: no such claim}\n")
    (tmp_path / "roe.yaml").write_text("title: [")
    with pytest.raises(UserError) as error:
        load_sources(sorted(tmp_path.glob("*.yaml")))
    said = str(error.value).splitlines()
    assert [line.split(": ")[0].split("/")[-1] for line in said] == ["doe.yaml", "doe.yaml", "roe.yaml"]
    assert "url" in said[0]
    assert "found X1" in said[1]
    (tmp_path / "words.yaml").write_text("a: [1]")
    with pytest.raises(UserError, match="not a list of names with words"):
        load_names(tmp_path / "words.yaml")
