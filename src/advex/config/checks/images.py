"""A person's own images: whether they are there before anything runs."""

from pathlib import Path

from advex.common.errors import UserError
from advex.common.names.known import mirror_of
from advex.config.plan import Plan
from advex.config.schema import NATURAL_TRAIN
from advex.registries import LOOKS


def refuse_missing_mirror(plan: Plan, study: str) -> None:
    """Refuse to begin with a study whose images nobody but its mirror has, and that is not there.

    Raises:
        UserError: it is neither there nor needed no longer, because the images are prepared already.
    """
    data, mirror = plan.study(study).data, mirror_of(plan.study(study))
    if data.source not in LOOKS or Path(plan.dataset(study, NATURAL_TRAIN, 0)).exists():
        return
    place = f"study {study}: data.mirror"
    if mirror is None:
        raise UserError(f"{place}: missing; it must be given, source {data.source} is known by it alone")
    if not Path(mirror).expanduser().exists():
        raise UserError(f"{place}: found {mirror}, which does not exist; allowed: a zip, folder or .npz")
