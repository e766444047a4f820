"""What the tables of measurements hold, as far as is known before they are made: columns, and texts in them.

Claims are held against it when the configuration is read, so that a name that is mistyped is refused rather
than never found. Instruments describe their own columns (:mod:`advex.measure.kinds`), and sources those of
the tables that their experiments make (``advex.discussion.<source>.tables``). A test compares the
descriptions with the tables of a finished study.
"""

from collections.abc import Iterable

from advex.common.errors import UserError
from advex.config.paths import models_of
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


def measured_together(plan: Plan) -> dict[str, list[dict[str, frozenset[str]]]]:
    """Return which models, data sets and quantities stand in one row of a measurement by instruments.

    Of every measurement, one mapping for each of its sections: in it any can stand with any.
    """
    found: dict[str, list[dict[str, frozenset[str]]]] = {}
    for name, sections in plan.experiments.measurements.items():
        for section in sections:
            rows = [plan.experiments.instruments[instrument] for instrument in section.instruments]
            quantities = {
                row.quantity or instrument for row, instrument in zip(rows, section.instruments, strict=True)
            }
            for row in rows:
                quantities |= row.columns.get("quantity") or frozenset()
            models = set(section.models)
            for study in plan.studies.values():
                for model in set(section.models) & plan.experiments.filtered_models.keys():
                    models |= set(models_of(model, study))
            found.setdefault(name, []).append(
                {
                    "model": frozenset(models),
                    "dataset": frozenset(section.measured_on),
                    "quantity": frozenset(quantities),
                }
            )
    return found


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
