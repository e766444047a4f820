"""The sizes of style transfer: what comment 4 (Nakano) needs of a study."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from advex.common.settings import Count, Positive
from advex.measure.sections import Section, Strict


class StyleLayers(Strict):
    """Which layers of a network are compared, by the names of :mod:`advex.networks.layers`."""

    style: Annotated[list[str], Field(min_length=1)]
    content: str


class FamilyLayers(Strict):
    """The layers of each family of networks."""

    resnet: StyleLayers
    vgg: StyleLayers
    alexnet: StyleLayers


class StyleSettings(Section):
    """Style transfer, see :mod:`advex.discussion.nakano.style_studies`.

    Attributes:
        content: photographs to depict: packaged ones by name, or files (``cat.jpg``) of ``folder``.
        style: photographs in whose manner, likewise.
        folder: where files lie, relative to the repository.
        image_size: of the square that is cut out of every photograph, in pixels.
        evaluations: how often losses and gradients are computed.
        optimiser: of the pixels.
        initial_style: weighted style loss at the start, of every network.
        period: the largest product of strides among the style layers, in pixels.
        images_at_once: how many images are optimised side by side; more need more memory.
        layers: which are compared.
    """

    content: Annotated[list[str], Field(min_length=1)]
    style: Annotated[list[str], Field(min_length=1)]
    folder: str | None = None
    image_size: Count
    evaluations: Count
    optimiser: Literal["lbfgs", "adam"] = "lbfgs"
    initial_style: Positive
    period: Annotated[int, Field(ge=2)]
    images_at_once: Count = 8
    layers: FamilyLayers

    @model_validator(mode="after")
    def _images_can_be_found(self) -> "StyleSettings":
        names = [*self.content, *self.style]
        files = [name for name in names if "." in name]
        if files and self.folder is None:
            raise ValueError(f"{files[0]} is a file: name the folder it lies in, folder: ...")
        titles = [Path(name).stem for name in names]
        if len(set(titles)) < len(titles):
            raise ValueError("every photograph must have a name of its own")
        if self.image_size % self.period or self.image_size < 8 * self.period:
            raise ValueError(f"image_size must be a multiple of the period, at least {8 * self.period}")
        return self

    def files(self) -> list[str]:
        """Return the paths of photographs that are files, contents first; relative to the repository."""
        return [f"{self.folder}/{name}" for name in [*self.content, *self.style] if "." in name]


SECTIONS = {"style_transfer": StyleSettings}
