"""YAML that people write is read as it looks, or refused with the line where it is not."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from advex.common.plain_yaml import parse_yaml

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10), ("-3", -3), ("+3", 3), ("0", 0), ("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("1e-3", 0.001),
        ("1.5E3", 1500.0), ("-1e+2", -100.0), (".inf", math.inf), ("-.inf", -math.inf), ("true", True),
        ("false", False), ("null", None), ("~", None), ("", None), ("'010'", "010"), ('"no"', "no"),
        ("'1:30'", "1:30"), ("v1.2", "v1.2"), ("3x", "3x"), ("1-2", "1-2"), ("resnet50", "resnet50"),
        ("3 and 8", "3 and 8"), ("[1, 2.0, a]", [1, 2.0, "a"]), ("{a: 1}", {"a": 1}), ("e5", "e5"),
        ("-", [None]),
    ],
)  # fmt: skip
def test_values_are_what_they_look_like(text: str, value: Any) -> None:
    found = parse_yaml(text)
    assert found == value
    assert type(found) is type(value)


def test_undefined_numbers_are_read_as_such() -> None:
    assert math.isnan(parse_yaml(".nan"))


LOOK_ALIKES = [
    "010", "-010", "0x10", "0b11", "0o17", "1:30", "1:30:00", "1_000", "1_000.5", "00", "0.5.1",
    "1e5_0", "190:20:30.15", "yes", "no", "on", "off", "Yes", "NO", "True", "FALSE", "07.5", "1.2.3",
    "9" * 5000, "1e999", "-1e999",
]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_ALIKES)
@pytest.mark.parametrize("form", ["a:\n  b: {}", "a:\n  b: [{}]", "a:\n  ? {}\n  : 1"])
def test_what_is_not_what_it_looks_like_is_refused(text: str, form: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"(?s)found .*; allowed: numbers such as .*line 2"):
        parse_yaml(form.format(text))


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("seeds: 3\nseeds: 4", "seeds", 2),
        ("a: {b: 1, b: 1}", "b", 1),
        ("a:\n  - b: 1\n    c: 2\n    b: 3", "b", 4),
        ("base: &b {x: 1}\na: {<<: *b, y: 1, y: 2}", "y", 2),
        ('"a": 1\na: 2', "a", 2),
    ],
)
def test_a_key_given_twice_is_refused(text: str, key: str, line: int) -> None:
    with pytest.raises(yaml.YAMLError, match=rf"(?s)found '{key}' a second time .*line {line}"):
        parse_yaml(text)


def test_what_is_merged_may_be_given_anew() -> None:
    assert parse_yaml("b: &b {x: 1, y: 2}\na: {<<: *b, y: 3}")["a"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: b: c", "\t- a", "!!python/object/apply:os.system ['true']", "!!python/name:os.system",
     "&a [*b]", "? [1, 2]\n: 3", "? {a: 1}\n: 3", "[" * 20_000, "{a: " * 20_000,
     "- " * 20_000, "a: \0", "%", "@"],
)  # fmt: skip
def test_what_is_no_plain_yaml_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        parse_yaml(text)


def test_the_files_here_are_read_as_ever() -> None:
    files = sorted((ROOT / "config").rglob("*.yaml"))
    assert len(files) > 10
    for file in files:
        assert parse_yaml(file.read_text()) == yaml.safe_load(file.read_text()), file
