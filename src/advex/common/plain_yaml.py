"""Reading YAML that people write: every key once, and numbers that are what they look like.

YAML 1.1 reads ``010`` as eight, ``1:30`` as ninety, ``1_000`` as a thousand and ``no`` as false, and takes
``1e-3`` for text; of a key that is given twice it silently keeps the last. Here numbers are those of YAML
1.2, which everybody reads alike, and all else that looks like a number or a truth value is refused.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_TRUTH = {"true": True, "false": False}
_LOOKS_LIKE_A_NUMBER = re.compile(r"[-+]?[.0-9][0-9_.:]*([eE][-+]?[0-9_]+)?|[-+]?0[xobXOB][0-9a-fA-F_]+")
_KINDS = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool")}
_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_DEEPEST = 100
_TOO_DEEP = f"nested more than {_DEEPEST} times"
_TOO_LONG = 4000  # digits: Python reads no longer numbers


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that takes nothing for what it does not look like."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        if isinstance(node, ScalarNode) and not node.style:  # without quotes
            if node.tag in _KINDS:
                return _plain(node)
            if node.tag == _TEXT and _LOOKS_LIKE_A_NUMBER.fullmatch(node.value):
                return _plain(node)
        return super().construct_object(node, deep)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> Any:
        seen: dict[Any, Node] = {}
        for key, _ in node.value:
            if key.tag == _MERGE:
                continue
            name = (key.tag, key.value) if isinstance(key, ScalarNode) else None
            if name is None:
                raise ConstructorError(None, None, "found a key that is no text", key.start_mark)
            if name in seen:
                first = seen[name].start_mark.line + 1
                said = f"found {key.value!r} a second time (first in line {first}); allowed: each key once"
                raise ConstructorError(None, None, said, key.start_mark)
            seen[name] = key
        return super().construct_mapping(node, deep)


def _plain(node: ScalarNode) -> int | float | bool:
    """Return what a scalar without quotes says, if YAML 1.1, YAML 1.2 and people agree on that."""
    text = str(node.value)
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text) and len(text) < _TOO_LONG:
        return int(text)
    if _FLOAT.fullmatch(text):
        special = text.lower()
        if special.endswith((".inf", ".nan")):
            return float(special.replace(".", ""))
        if math.isfinite(float(text)):
            return float(text)
    said = f"found {text[:60]}; allowed: numbers such as 10, 0.5 and 1e-3, true, false, or text in quotes"
    raise ConstructorError(None, None, said, node.start_mark)


def parse_yaml(text: str) -> Any:
    """Return what a YAML text says: plain values, lists and dictionaries.

    Raises:
        yaml.YAMLError: it is not YAML, a key is given twice, or a value is not what it looks like; the
            message says where.
    """
    try:
        _check_depth(text)
        return yaml.load(text, Loader=_Loader)
    except ConstructorError:
        raise
    except yaml.YAMLError as error:
        if _TOO_DEEP in str(error):
            raise
        return yaml.safe_load(text)  # the messages of the library that is not in C say more


def not_finite(content: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield the numbers in plain values that are infinite or none at all, each with the keys of its place."""
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for key, part in items:
            yield from not_finite(part, (*place, str(key)))
    elif isinstance(content, float) and not math.isfinite(content):
        yield place, content


def _check_depth(text: str) -> None:
    """Refuse what is nested so deeply that reading it would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"{_TOO_DEEP} near {event.start_mark}")
