"""Reading configuration files; every mistake becomes one line: file, key, what was found, what is allowed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from advex.common.errors import UserError
from advex.common.plain_yaml import not_finite, parse_yaml
from advex.config.checks.elsewhere import without_what_others_need
from advex.config.checks.names import STUDY_NAME, hiding_names, keys_of, misnamed_study
from advex.config.checks.plausible import mistakes_in_sizes
from advex.config.checks.resting import circles, needing_what_is_left_out
from advex.config.paths import made_by
from advex.config.plan import Plan
from advex.config.schema import (
    CORRUPTED_TEST,
    NATURAL_TEST,
    NATURAL_TRAIN,
    OTHER_DATA,
    SECOND_TEST,
    WHOLE_TEST,
    WHOLE_TRAIN,
    Experiments,
    Study,
    names_in,
    study_form,
)
from advex.config.sources import mistakes_of, module_exists, sections_of, source_of
from advex.measure.sections import Section
from advex.registries import EXPERIMENTS, FIGURES, KINDS

Model = TypeVar("Model", bound=BaseModel)

_ROWS = ("architectures", "recipes", "attacks", "resources")
"""Sections of a study's file that are rows by name."""
_MAY_BE_EMPTY = ("left_out", "drops", "stronger")
"""Lists in which nothing need stand."""
_VECTORS = ("mean", "std", "variances")
"""Lists with one number for each channel or coordinate, which may be equal."""


def load(folder: str | Path) -> Plan:
    """Read ``experiments.yaml`` and all of ``studies/*.yaml`` below ``folder`` and check them together.

    Raises:
        UserError: one line for every mistake found.
    """
    folder = Path(folder)
    experiments_file = folder / "experiments.yaml"
    experiments = _experiments(experiments_file)
    files = sorted((folder / "studies").glob("*.yaml"), key=_after_its_base)
    if not files:
        raise UserError(f"{folder / 'studies'}: no study found; expected files such as digits.yaml")
    contents = {file: _with_base(file) for file in files}
    _refuse(
        [
            f"{file}: {mistake}"
            for file, content in contents.items()
            for mistake in (
                *misnamed_study(file),
                *_repeated(content),
                *_boundless(content),
                *_empty(content),
            )
        ]
    )
    forms = sections_of(_sources(experiments))
    form = study_form(forms)
    studies = {file.stem: _checked(file, content, form) for file, content in contents.items()}
    mistakes = [f"{experiments_file}: {mistake}" for mistake in _loose_ends(experiments, forms)]
    mistakes += [f"{experiments_file}: {mistake}" for mistake in _unknown_studies(experiments, set(studies))]
    for file, study in zip(files, studies.values(), strict=True):
        needed = without_what_others_need(experiments, file.stem)
        mistakes += [f"{file}: {mistake}" for mistake in _missing_sizes(study, needed)]
    _refuse(mistakes)
    plan = Plan(experiments, studies)
    _refuse([f"{file}: {mistake}" for file in files for mistake in _missing_sections(plan, file.stem)])
    _refuse([f"{file}: {mistake}" for file in files for mistake in _impossible(plan, file.stem)])
    return plan


def _impossible(plan: Plan, study: str) -> Iterator[str]:
    """Find sizes that no run could do anything with, those of a source alone as the source says."""
    yield from mistakes_in_sizes(plan.study(study), plan.experiments)
    for source in dict.fromkeys(map(source_of, plan.figure_names(study))):
        yield from mistakes_of(source, plan, study)


def _sources(experiments: Experiments) -> list[str]:
    """Return the sources that rows name, each once, in the rows' order."""
    rows = (*experiments.measurements, *experiments.experiments, *experiments.figures)
    return list(dict.fromkeys(map(source_of, rows)))


def _refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise UserError("\n".join(mistakes))


def _experiments(file: Path) -> Experiments:
    """Read all rows, each instrument as an object of its kind."""
    content = _content(file)
    _refuse([f"{file}: {mistake}" for mistake in (*_boundless(content), *_empty(content))])
    mistakes: list[str] = []
    instruments: dict[str, Any] = {}
    for name, row in _items(content.get("instruments")):
        place, kind = f"instruments.{name}", str(dict(_items(row)).get("kind"))
        if kind not in KINDS:
            mistakes.append(f"{file}: {place}.kind: found {kind!r}; allowed: {names_in(KINDS)}")
            continue
        try:
            instruments[name] = _checked(file, row, KINDS[kind], place)
        except UserError as error:
            mistakes.append(str(error))
    _refuse(mistakes)
    return _checked(file, content | {"instruments": instruments}, Experiments)


def _items(rows: Any) -> Iterable[tuple[str, Any]]:
    """Return the items of a mapping; none of anything else, which is refused later."""
    return rows.items() if isinstance(rows, dict) else ()


def read(file: Path, model: type[Model]) -> Model:
    """Read one YAML file into ``model``.

    Raises:
        UserError: the file is missing, is no YAML, or does not have the form.
    """
    return _checked(file, _content(file), model)


def _after_its_base(file: Path) -> tuple[bool, Path]:
    """Order studies such that what others are like comes first: a mistake is one of the file it is in."""
    return "like" in _content(file), file


def _with_base(file: Path) -> dict[str, Any]:
    """Return what a study's file says, over what the study says that it is like."""
    content = _content(file)
    if "like" not in content:
        return content
    if not STUDY_NAME.fullmatch(str(content["like"])):
        raise UserError(f"{file}: like: found {content['like']!r}; allowed: the name of another study")
    base_file = file.with_name(f"{content['like']}.yaml")
    if not base_file.is_file():
        raise UserError(f"{file}: like: found {content['like']!r}; {base_file} does not exist")
    base = _content(base_file)
    if "like" in base:
        raise UserError(f"{file}: like: {content['like']} is itself like another; name that one")
    rows = {name: base.get(name, {}) | content.get(name, {}) for name in _ROWS if name in base | content}
    return base | content | rows


def _repeated(content: Any, place: str = "") -> Iterator[str]:
    """Find lists that hold a number or a name twice, which would measure or draw the same thing twice."""
    if isinstance(content, dict):
        for key, part in content.items():
            if key not in _VECTORS:
                yield from _repeated(part, f"{place}.{key}" if place else str(key))
    elif isinstance(content, list):
        plain = [part for part in content if isinstance(part, str | int | float)]
        twice = sorted({str(part) for part in plain if plain.count(part) > 1})
        if twice:
            yield f"{place}: found {', '.join(twice)} twice; each must be given once"
        for index, part in enumerate(content):
            yield from _repeated(part, f"{place}.{index}")


def _boundless(content: Any) -> Iterator[str]:
    """Find numbers that are infinite or none at all; only an attack may have no bound."""
    for place, number in not_finite(content):
        if not (number > 0 and place[0] == "attacks" and place[-1] == "epsilon"):
            yield f"{'.'.join(place)}: found {number}; allowed: a finite number"


def _empty(content: Any, place: str = "") -> Iterator[str]:
    """Find lists and texts in which nothing stands, though something is to come of them."""
    if isinstance(content, dict):
        for key, part in content.items():
            if key not in _MAY_BE_EMPTY:
                yield from _empty(part, f"{place}.{key}" if place else str(key))
    elif isinstance(content, list) and content:
        for index, part in enumerate(content):
            yield from _empty(part, f"{place}.{index}")
    elif content == [] or (isinstance(content, str) and not content.strip()):
        yield f"{place}: found {content!r}; allowed: at least one, or leave it out"


def _content(file: Path) -> dict[str, Any]:
    if file.exists() and not file.is_file():  # a named pipe would be waited for
        raise UserError(f"{file}: not a file")
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{file}: no such file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: found {type(content).__name__}; a mapping with keys is expected")
    return content


def _checked(file: Path, content: dict[str, Any], model: type[Model], *place: str) -> Model:
    try:
        return _validated(content, model)
    except ValidationError as error:
        raise UserError("\n".join(_lines(file, error, place, keys_of(model)))) from error


def _validated(content: dict[str, Any], model: type[Model]) -> Model:
    """Read a mapping into a model as JSON, strictly: a number is no text, and a truth value no number.

    What JSON cannot say (objects that were read already) is taken as it is.
    """
    try:
        text = json.dumps(content)
    except TypeError:
        return model.model_validate(content)
    return model.model_validate_json(text, strict=True)


def _lines(file: Path, error: ValidationError, place: tuple[str, ...], keys: frozenset[str]) -> Iterator[str]:
    for mistake in error.errors():
        location = ".".join(str(part) for part in (*place, *mistake["loc"]))
        if mistake["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            near = get_close_matches(str(mistake["loc"][-1]), sorted(keys))
            hint = f"; near: {', '.join(near)}" if near else ""
            yield f"{file}: {location}: unknown key; remove it or correct its name{hint}"
        elif mistake["type"] in ("missing", "missing_argument"):
            yield f"{file}: {location}: missing; it must be given"
        else:
            yield f"{file}: {location}: found {_short(mistake['input'])}; {mistake['msg'].lower()}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _loose_ends(experiments: Experiments, forms: Mapping[str, type[Any]]) -> Iterator[str]:
    """Find rows that name rows which do not exist, and rows that depend on themselves."""
    models, datasets = set(experiments.models), set(experiments.datasets)
    images = datasets | {NATURAL_TRAIN, NATURAL_TEST}
    filtered = experiments.filtered_models
    ensembles = {name for name, row in experiments.models.items() if row.ensemble}

    for name, model in experiments.models.items():
        yield from _unknown(f"models.{name}.trained_on", model.trained_on, datasets | {NATURAL_TRAIN})
    for name, row in filtered.items():
        yield from _unknown(f"filtered_models.{name}.trained_on", row.trained_on, datasets | {NATURAL_TRAIN})
    for name, dataset in experiments.datasets.items():
        yield from _unknown(f"datasets.{name}.source", dataset.source, models)
        if dataset.ensemble is not None:
            yield from _unknown(f"datasets.{name}.ensemble", dataset.ensemble, ensembles)
    for name, instrument in experiments.instruments.items():
        if instrument.source is not None:
            yield from _unknown(f"instruments.{name}.source", instrument.source, models)
        if instrument.ensemble is not None:
            yield from _unknown(f"instruments.{name}.ensemble", instrument.ensemble, ensembles)
    for name, sections in experiments.measurements.items():
        for index, section in enumerate(sections):
            place = f"measurements.{name}.{index}"
            for model_name in section.models:
                yield from _unknown(f"{place}.models", model_name, models | set(filtered))
            for dataset_name in section.measured_on:
                yield from _unknown(
                    f"{place}.measured_on", dataset_name, images | {CORRUPTED_TEST, SECOND_TEST}
                )
            for instrument_name in section.instruments:
                yield from _unknown(f"{place}.instruments", instrument_name, set(experiments.instruments))
    yield from _loose_experiments(experiments, images | {WHOLE_TRAIN, WHOLE_TEST, OTHER_DATA}, forms)
    yield from _loose_pictures_and_figures(experiments, images)
    yield from circles(experiments)
    yield from hiding_names(experiments)


def _loose_experiments(
    experiments: Experiments, images: set[str], forms: Mapping[str, type[Any]]
) -> Iterator[str]:
    own_forms = {name: form for name, form in forms.items() if issubclass(form, Section)}
    own = [(made, name) for name, row in experiments.experiments.items() for made in made_by(name, row)]
    made = [*experiments.measurements, *experiments.pictures, *(measurement for measurement, _ in own)]
    for name in experiments.measurements.keys() & experiments.pictures.keys():
        yield f"pictures.{name}: found in measurements too; rename one of them"
    for measurement, name in own:
        if made.count(measurement) > 1:
            yield f"experiments.{name}: makes {measurement}, which another row makes too; rename one of them"
    for name, row in experiments.experiments.items():
        place = f"experiments.{name}"
        if not module_exists(EXPERIMENTS.reference(name)):
            module, _, _ = EXPERIMENTS.reference(name).partition(":")
            yield f"{place}: there is no module {module}, which would run it"
        if row.section is not None:
            yield from _unknown(f"{place}.section", row.section, set(own_forms))
            form = own_forms.get(row.section)
            if row.seeds == "section" and form and not _has_seeds(form):
                yield f"{place}.seeds: found 'section'; section {row.section} has no seeds: say seeds: study"
        for dataset_name in row.datasets:
            yield from _unknown(f"{place}.datasets", dataset_name, images)
        for key, model_name in row.models.items():
            yield from _unknown(f"{place}.models.{key}", model_name, set(experiments.models))
        for measurement in row.measurements:
            yield from _unknown(f"{place}.measurements", measurement, set(made))


def _has_seeds(form: Any) -> bool:
    return hasattr(form, "seeds") or "seeds" in getattr(form, "model_fields", {})


def _loose_pictures_and_figures(experiments: Experiments, images: set[str]) -> Iterator[str]:
    for name, picture in experiments.pictures.items():
        for row, dataset_name in picture.rows.items():
            yield from _unknown(f"pictures.{name}.rows.{row}", dataset_name, images)
    own = (measurement for name, row in experiments.experiments.items() for measurement in made_by(name, row))
    measurable = {*experiments.measurements, *experiments.pictures, *own}
    for name, figure in experiments.figures.items():
        if not module_exists(FIGURES.reference(name)):
            module, _, _ = FIGURES.reference(name).partition(":")
            yield f"figures.{name}: there is no module {module}, which would draw it"
        for measurement in figure.measurements:
            yield from _unknown(f"figures.{name}.measurements", measurement, measurable)


def _unknown_studies(experiments: Experiments, studies: set[str]) -> Iterator[str]:
    for name, figure in experiments.figures.items():
        for study in figure.studies or []:
            yield from _unknown(f"figures.{name}.studies", study, studies)


def _unknown(place: str, name: str, allowed: set[str]) -> Iterator[str]:
    if name not in allowed:
        yield f"{place}: found {name!r}; allowed: {', '.join(sorted(allowed))}"


def _missing_sizes(study: Study, experiments: Experiments) -> Iterator[str]:
    """Find sizes that some row asks for and the study does not give."""

    def missing(section: str, name: str, place: str, sizes: dict[str, Any]) -> Iterator[str]:
        if name not in sizes:
            yield f"{section}.{name}: missing, but {place} names it; found only {names_in(sizes)}"

    for name in study.weights:
        yield from _unknown("weights", name, set(experiments.models))
        row = experiments.models.get(name)
        if study.others_trained and row and (row.trained_on != NATURAL_TRAIN or row.ensemble):
            yield (
                f"weights.{name}: found with others_trained; allowed: single networks that are trained on "
                "natural images, of which others are made"
            )
    for name in study.released_sets:
        built = {dataset for dataset, row in experiments.datasets.items() if row.images == NATURAL_TRAIN}
        yield from _unknown("released_sets", name, built)
    for source in study.only or []:
        yield from _unknown("only", source, set(map(source_of, experiments.figures)))
    if not isinstance(study.sizes_are_published, bool):
        drawn = {name for row in experiments.figures.values() for name in row.measurements}
        for name in study.sizes_are_published:
            yield from _unknown("sizes_are_published", name, drawn)
    for name, model in (experiments.models | experiments.filtered_models).items():
        yield from missing("recipes", model.recipe, f"model {name}", study.recipes)
        yield from missing("architectures", model.architecture, f"model {name}", study.architectures)
    for name, dataset in experiments.datasets.items():
        yield from missing("attacks", dataset.attack, f"dataset {name}", study.attacks)
    for name in study.left_out:
        optional = {dataset for dataset, row in experiments.datasets.items() if row.optional}
        yield from _unknown("left_out", name, optional)
    yield from needing_what_is_left_out(study, experiments)
    yield from _loose_seeds(study, experiments)
    yield from _missing_weights(study, experiments)
    for name, instrument in experiments.instruments.items():
        if instrument.attack:
            yield from missing("attacks", instrument.attack, f"instrument {name}", study.attacks)


def _loose_seeds(study: Study, experiments: Experiments) -> Iterator[str]:
    """Find names that a study gives numbers of repetitions for, though they are not its to give."""
    own = experiments.experiments
    counted = {*experiments.measurements, *(name for name, row in own.items() if row.seeds == "study")}
    for name in study.seeds.measurements:
        if name in own and name not in counted:
            yield f"seeds.measurements.{name}: found here; section {own[name].section} says how many it has"
        else:
            yield from _unknown("seeds.measurements", name, counted)


def _missing_weights(study: Study, experiments: Experiments) -> Iterator[str]:
    """Find models on natural images that figures of a study with published weights need and it has not.

    Models trained on constructed sets may be missing: figures of weights can do without.
    """
    models = {**experiments.models, **experiments.filtered_models}
    makers = {made: row for name, row in experiments.experiments.items() for made in made_by(name, row)}
    missing: dict[str, str] = {}
    for figure, row in experiments.figures.items() if not study.others_trained and study.weights else ():
        source = source_of(figure)
        for measurement in row.measurements if source in (study.only or [source]) else ():
            own = makers.get(measurement)
            sections = experiments.measurements.get(measurement, [])
            needed = list(own.models.values()) if own else [name for each in sections for name in each.models]
            missing |= {name: figure for name in needed if models[name].trained_on == NATURAL_TRAIN}
    for name in sorted(missing.keys() - study.weights.keys()):
        yield (
            f"weights: found none of {name}, which figure {missing[name]} needs; name a file, or leave the "
            "figure's source out of only"
        )


def _missing_sections(plan: Plan, study: str) -> Iterator[str]:
    """Find sections that a study does not give, though it draws what needs them."""
    wanted = [name for figure in plan.figure_names(study) for name in plan.figure_reads(study, figure)]
    needed: dict[str | None, str] = {}
    for measurement in wanted:  # grows while it is read: experiments read measurements too
        maker, rows = plan.maker(measurement), plan.experiments
        if maker is not None:
            row = rows.experiments[maker]
            needed.setdefault(row.section, f"experiment {maker}")
            wanted += [name for name in row.measurements if name not in wanted]
        for section in rows.measurements.get(measurement, []):
            for name in section.instruments:
                needed.setdefault(rows.instruments[name].section, f"instrument {name}")
    for section_name, place in needed.items():
        if section_name and plan.study(study).section(section_name) is None:
            yield f"{section_name}: missing; it must be given, {place} needs it"
