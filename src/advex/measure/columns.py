"""What a table holds, as far as is known before it is made: columns, and texts in them.

A column of numbers is NUMBERS, since sizes are the study's; one of texts is the set of them.
"""

from collections.abc import Mapping

Texts = frozenset[str]
Columns = Mapping[str, Texts | None]
NUMBERS = None
ANY_TEXT: Texts = frozenset({"*"})
"""Texts that only the data decide, such as names of layers and of photographs."""


def texts(words: str) -> Texts:
    """Return the texts that words, separated by blanks, are."""
    return frozenset(words.split())


def numbers(names: str) -> dict[str, None]:
    """Return columns of numbers by their names, separated by blanks."""
    return dict.fromkeys(names.split())
