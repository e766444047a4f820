"""How what a job reaches differs between two versions of the code, and what must be shown for that."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from advex.records.provenance.library import WHOLE, Node
from advex.records.vouching.differing import beyond_evidence, differing, other_values
from advex.records.vouching.pieces import Piece
from advex.records.vouching.sides import Key, Side


@dataclass(frozen=True)
class Statement:
    """A statement that must have been executed.

    Attributes:
        path: its file, relative to the repository.
        label: the definition that it is in.
        piece: what it is.
        whole: it differs itself, rather than naming what differs.
    """

    path: str
    label: str
    piece: Piece
    whole: bool = True

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"{self.path}:{self.piece.lines.start} ({self.label})"


@dataclass
class Change:
    """What differs.

    Attributes:
        old: statements that the run with the old code must have executed.
        new: statements that the run with today's code must have executed.
        entries: entries of registries that a job must use that ran.
        unclear: what differs in a way that no run can vouch for, in words.
    """

    old: list[Statement] = field(default_factory=list)
    new: list[Statement] = field(default_factory=list)
    entries: set[str] = field(default_factory=set)
    unclear: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether anything was found that differs."""
        return bool(self.old or self.new or self.entries or self.unclear)


def change(old: Side, new: Side) -> Change:
    """Find out how what a job reaches differs between two versions."""
    pairs = _pairs(old, new)
    result = Change()
    told_old, told_new = _differing_statements(old, new, pairs, result)
    result.unclear += _beyond_evidence(told_old, told_new)
    renamed_old, renamed_new = _differing_meanings(old, new, pairs)
    result.old = _with_naming(old, told_old + renamed_old, result)
    result.new = _with_naming(new, told_new + renamed_new, result)
    result.entries |= _differing_entries(old, new, pairs)
    result.unclear += _differing_wholes(old, new, pairs)
    if not result.found and old.reached.digest != new.reached.digest:
        result.unclear.append("an order, or what a module does on import, differs")
    return result


def _pairs(old: Side, new: Side) -> dict[Node, Node]:
    """Pair definitions: first those that say the same under the same name, then by their labels."""
    pairs = _alike(
        {node: f"{_last(label)} {old.reached.form(node)}" for node, label in old.keys.items() if node},
        {node: f"{_last(label)} {new.reached.form(node)}" for node, label in new.keys.items() if node},
    )
    pairs |= _alike(old.others, new.others)
    taken = set(pairs.values())
    by_label = {label: node for node, label in new.keys.items() if node and node not in taken}
    for node, label in old.keys.items():
        if node and node not in pairs and label in by_label:
            pairs[node] = by_label[label]
    return pairs


def _alike(old: dict[Node, str], new: dict[Node, str]) -> dict[Node, Node]:
    """Pair what has the same text; where several have, those of the same module, then in their order."""
    by_text: dict[str, list[Node]] = defaultdict(list)
    for node, text in new.items():
        by_text[text].append(node)
    pairs: dict[Node, Node] = {}
    for same_module in (True, False):
        for node, text in old.items():
            if node not in pairs:
                found = [each for each in by_text[text] if not same_module or each.module == node.module]
                if found:
                    pairs[node] = found[0]
                    by_text[text].remove(found[0])
    return pairs


def _last(label: str) -> str:
    return label.rpartition(".")[2]


def _differing_statements(
    old: Side, new: Side, pairs: dict[Node, Node], result: Change
) -> tuple[list[Statement], list[Statement]]:
    """Return the statements that differ, and all of definitions that only one version has."""
    gone: list[Statement] = []
    added: list[Statement] = []
    for key in old.keys:
        other: Key = None if key is None else pairs.get(key)
        unpaired = key is not None and other is None
        if not unpaired and old.reached.form(key) == new.reached.form(other):
            continue
        if unpaired:
            gone += _statements(old, key, old.pieces(key))
            continue
        before, after = differing(old.statements(key), new.statements(other), called=key is None)
        gone += _statements(old, key, before)
        added += _statements(new, other, after)
        if other_values(before, after):
            result.unclear.append(f"{new.path(other)} ({new.keys[other]}): it is given another value")
    paired = set(pairs.values())
    for key in new.keys:
        if key is not None and key not in paired:
            added += _statements(new, key, new.pieces(key))
    return gone, added


def _beyond_evidence(gone: list[Statement], added: list[Statement]) -> Iterator[str]:
    """Say what no run vouches for, of all statements that differ."""
    places = {id(each.piece): each.place for each in [*gone, *added]}
    for piece, fault in beyond_evidence((each.piece for each in gone), (each.piece for each in added)):
        yield f"{places[id(piece)]}: {fault}"


def _differing_meanings(
    old: Side, new: Side, pairs: dict[Node, Node]
) -> tuple[list[Statement], list[Statement]]:
    """Return the statements in which a name stands for something else, though they say the same."""
    gone: list[Statement] = []
    added: list[Statement] = []
    for key in old.keys:
        other: Key = None if key is None else pairs.get(key)
        if key is not None and other is None:
            continue
        before, after = old.reached.meanings(key), new.reached.meanings(other)
        if old.reached.form(key) != new.reached.form(other):  # their names do not stand in one order
            names, other_names = {name for name, _, _ in before}, {name for name, _, _ in after}
            for name in names - other_names:
                gone += _mentioning(old, key, name)
            for name in other_names - names:
                added += _mentioning(new, other, name)
            both = names & other_names
            before = sorted((each for each in before if each[0] in both), key=itemgetter(0))
            after = sorted((each for each in after if each[0] in both), key=itemgetter(0))
        if len(before) != len(after):
            gone += _statements(old, key, old.pieces(key))
            added += _statements(new, other, new.pieces(other))
            continue
        for (name, nodes, rest), (other_name, other_nodes, other_rest) in zip(before, after, strict=True):
            if (_translated(old, nodes, pairs), rest) != (_counted(new, other_nodes), other_rest):
                gone += _mentioning(old, key, name)
                added += _mentioning(new, other, other_name)
    return gone, added


def _counted(side: Side, nodes: Iterable[Node]) -> set[Node | None]:
    return {node for node in nodes if not side.reached.library.looks_on(node.module)}


def _translated(old: Side, nodes: Iterable[Node], pairs: dict[Node, Node]) -> set[Node | None]:
    """Return the counterparts of definitions; None for those that have none."""
    return {
        node if node and node.index == WHOLE else pairs.get(node) for node in _counted(old, nodes) if node
    }


def _mentioning(side: Side, key: Key, chain: str) -> list[Statement]:
    head = chain.partition(".")[0]
    every = side.pieces(key)
    return _statements(side, key, [piece for piece in every if head in piece.names] or every)


def _statements(side: Side, key: Key, found: Iterable[Piece], whole: bool = True) -> list[Statement]:
    return [Statement(side.path(key), side.keys[key], piece, whole) for piece in found]


def _with_naming(side: Side, told: list[Statement], result: Change) -> list[Statement]:
    """Add the statements that name what is worked out on import and differs, and so on.

    That it was executed on import does not say that it was used.
    """
    every = dict.fromkeys(told)
    followed: set[str] = set()
    waiting = list(told)
    while waiting:
        names: set[str] = set()
        for statement in waiting:
            bound = statement.piece.binds
            if bound is not None and not bound:
                result.unclear.append(f"{statement.place}: it does something on import")
            names |= bound or set()
        names -= followed
        followed |= names
        waiting = []
        for key, piece in side.naming(frozenset(names)) if names else ():
            statement = Statement(side.path(key), side.keys[key], piece, whole=False)
            if statement not in every and Statement(statement.path, statement.label, piece) not in every:
                every[statement] = None
                waiting.append(statement)
        result.entries |= {
            entry for node, name in _top(side) if name in names for entry in side.entries_of(node)
        }
    return list(every)


def _top(side: Side) -> Iterator[tuple[Node, str]]:
    for node in side.keys:
        if node is not None:
            yield from ((node, name) for name in side.reached.library.definition(node).names)


def _differing_entries(old: Side, new: Side, pairs: dict[Node, Node]) -> set[str]:
    """Return the entries of registries that stand for something else, or that only one version has."""
    before = {entry: _translated(old, nodes, pairs) for entry, nodes in old.reached.entries.items()}
    after = {entry: _counted(new, nodes) for entry, nodes in new.reached.entries.items()}
    return {
        entry
        for entry in before.keys() | after.keys()
        if " " in entry and before.get(entry) != after.get(entry)
    }


def _differing_wholes(old: Side, new: Side, pairs: dict[Node, Node]) -> Iterator[str]:
    """Say which modules count whole in one version alone, or in another order."""
    for module in sorted(old.wholes.keys() | new.wholes.keys()):
        before = [node if node.index == WHOLE else pairs.get(node) for node in old.wholes.get(module, [])]
        if before != new.wholes.get(module, []):
            yield f"all of {module} counts, and what is in it, or its order, differs"
