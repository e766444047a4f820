"""What the tables of measurements hold, as far as is known before they are made: columns, and texts in them.

Claims are held against it when the configuration is read, so that a name that is mistyped is refused rather
than never found. Instruments describe their own columns (:mod:`advex.measure.kinds`), and sources those of
the tables that their experiments make (``advex.discussion.<source>.tables``). A test compares the
descriptions with the tables of a finished study.
"""

from collections.abc import Iterable

from advex.common.errors import UserError
from advex.config.plan import Plan
from advex.config.sources import source_of, tables_of
from advex.measure.columns import ANY_TEXT, NUMBERS, Columns, Texts, numbers, texts
from advex.registries import TABLES

_OF_EVERY_MEASUREMENT = numbers("seed epsilon steps value images") | {
    "unit": ANY_TEXT,
    "outcomes": ANY_TEXT,
    "objective": texts(""),
}


def known_tables(plan: Plan) -> dict[str, Columns]:
    """Return what the table of every measurement that a figure draws can hold in any study, by its name.

    Raises:
        UserError: a source does not describe a table that one of its experiments makes.
    """
    drawn = {name for row in plan.experiments.figures.values() for name in row.measurements}
    own = {source: tables_of(source, plan.studies.values()) for source in set(map(source_of, drawn))}
    tables: dict[str, Columns] = {}
    for name in sorted(drawn - plan.pictures()):
        source, _, table = name.partition("/")
        if name in plan.experiments.measurements:
            tables[name] = _measured(plan, name)
        elif table in own[source]:
            tables[name] = own[source][table]
        else:
            module, _, function = TABLES.reference(source).partition(":")
            raise UserError(f"{name}: not described; say in {function}() of {module} what the table holds")
    return tables


def _measured(plan: Plan, name: str) -> Columns:
    """Return the columns of a measurement by instruments."""
    columns: dict[str, Texts | None] = dict(_OF_EVERY_MEASUREMENT)
    for section in plan.experiments.measurements[name]:
        for instrument in section.instruments:
            row = plan.experiments.instruments[instrument]
            _join(columns, "quantity", {row.quantity or instrument})
            for column, further in [*row.columns.items(), *row.named_by(plan.studies.values()).items()]:
                if further is None:
                    columns[column] = NUMBERS
                else:
                    _join(columns, column, further)
        _join(columns, "dataset", section.measured_on)
    for study in plan.studies:
        for section in plan.sections(study, name):
            models = plan.models(study)
            _join(columns, "model", section.models)
            _join(columns, "architecture", {models[model].architecture for model in section.models})
    return columns


def _join(columns: dict[str, Texts | None], name: str, further: Iterable[str]) -> None:
    columns[name] = (columns.get(name) or frozenset()) | frozenset(further)
