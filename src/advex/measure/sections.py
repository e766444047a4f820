"""What the sections of a study's file have in common: sizes of one experiment each.

An experiment's section is a class of its own, an entry of ``SECTIONS`` in its source's ``settings``.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from advex.common.names.registry import OneOf
from advex.common.settings import Count
from advex.registries import SOURCES


class Strict(BaseModel):
    """A mapping whose keys are all known, and which never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OtherDataSettings(Strict):
    """Further grey images beside the study's own: which source, how many, and their side if it is free."""

    source: Annotated[str, OneOf(SOURCES)]
    train_images: Count | None = None
    test_images: Count | None = None
    image_size: Count | None = None


class Section(Strict):
    """The sizes of an experiment in one study.

    Two keys are no settings of jobs. ``seeds``, an attribute or a constant of the class, says how often it is
    repeated, unless its row says that it is as often as the study's models; ``description`` is what figures
    say of its images, if they are not the study's.
    """

    def files(self) -> list[str]:
        """Return the paths of a person's own files that the experiment reads, relative to the repository."""
        return []

    def other_data(self) -> Mapping[str, OtherDataSettings]:
        """Return images to prepare beside the study's own, by name."""
        return {}
