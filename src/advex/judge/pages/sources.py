"""What pages say of the paper, each comment and the response, in words: ``config/sources/<source>.yaml``."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError, field_validator

from advex.common.errors import UserError
from advex.common.plain_yaml import parse_yaml
from advex.judge.claims import PRIMARY
from advex.judge.selectors import Strict


class SourceWords(Strict):
    """What a page says of one source.

    Attributes:
        name: who and what, in a few words.
        title: its own title.
        by: its authors.
        place: where in the discussion it stands.
        url: where it can be read.
        claim: what it claims, in two sentences.
        meaning: what follows where that holds.
        notes: how the headings of ``docs/discrepancies.md`` begin that are about it; empty for none.
        primary: its primary claims in a few words, by name.
        figures: what its figures are called, by name.
        shown: figures of others, ``<source>/<figure>``, that show something of it.
    """

    name: str = Field(min_length=1)
    title: str = ""
    by: str = ""
    place: str = ""
    url: str = Field("", pattern=r"^(https://\S+)?$")
    claim: str = ""
    meaning: str = ""
    notes: str = ""
    primary: Mapping[str, str] = {}
    figures: Mapping[str, str] = {}
    shown: tuple[str, ...] = ()

    @field_validator("primary")
    @classmethod
    def _known(cls, primary: Mapping[str, str]) -> Mapping[str, str]:
        if unknown := [name for name in primary if name not in PRIMARY]:
            raise ValueError(f"found {', '.join(unknown)}; allowed: {', '.join(PRIMARY)}")
        return primary

    def figure(self, name: str) -> str:
        """Return what a figure is called; of one without a name, that of its file."""
        return self.figures.get(name, spoken(name))


def spoken(identifier: str) -> str:
    """Return a name of files as words: ``other_dataset`` as "Other dataset"."""
    return identifier.replace("_", " ").capitalize()


def load_sources(paths: Sequence[str | os.PathLike[str]]) -> dict[str, SourceWords]:
    """Read what is said of sources, by the name of each file.

    Raises:
        UserError: one line for each mistake: file, key, what is wrong.
    """
    sources: dict[str, SourceWords] = {}
    mistakes: list[str] = []
    for path in paths:
        try:
            data = parse_yaml(Path(path).read_text(encoding="utf-8"))
            sources[Path(path).stem] = SourceWords.model_validate(data)
        except yaml.YAMLError as error:
            mistakes.append(f"{path}: not YAML: {' '.join(str(error).split())}")
        except ValidationError as error:
            mistakes += [
                f"{path}: {'.'.join(str(part) for part in mistake['loc']) or 'the file'}: {mistake['msg']}"
                for mistake in error.errors()
            ]
    if mistakes:
        raise UserError("\n".join(mistakes))
    return sources


def load_names(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read words for identifiers: ``report/words.yaml``.

    Raises:
        UserError: it is no list of names with words.
    """
    try:
        return TypeAdapter(dict[str, str]).validate_python(parse_yaml(Path(path).read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{path}: not a list of names with words: {' '.join(str(error).split())}") from error


def in_order(names: Sequence[str], sources: Mapping[str, SourceWords]) -> dict[str, SourceWords]:
    """Return sources in the discussion's order: those whose figures a study draws, then all others.

    Args:
        names: sources of figures, as often as they have some, in the order of the figures.
        sources: what is said of each; one without words is called by its name.
    """
    drawn = {name: sources.get(name) or SourceWords(name=spoken(name)) for name in names}
    return drawn | {name: words for name, words in sources.items() if name not in drawn and words.shown}
