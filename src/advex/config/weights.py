"""Which published weights stand for a study's models, and which released sets for its constructions."""

import re
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from advex.common.errors import UserError
from advex.common.settings import Count

FOLDER = "data/weights"
"""Where downloads are kept."""

TORCHVISION = (
    "resnet50-0676ba61.pth",
    "densenet121-a639ec97.pth",
    "vgg16-397923af.pth",
    "vgg19-dcbb9e9d.pth",
    "alexnet-owt-7be5be79.pth",
)
"""torchvision's weights IMAGENET1K_V1 by file name, which ends with the first digits of the SHA-256."""

_ADDRESS = "https://download.pytorch.org/models/"


class Location(NamedTuple):
    """Where a file of weights lies or will lie, where it can be had, and how its SHA-256 starts."""

    path: str
    url: str | None
    sha256: str


class WeightsRow(BaseModel):
    """A file of weights; the study's architecture of the model's family says for which network.

    Attributes:
        file: one of :data:`TORCHVISION`, or the path of a file of your own, relative to the repository.
        sha256: its SHA-256, or 8 first digits at least; torchvision's are known.
        url: where to download it to ``file``, unless it is there.
        classes: how many the network tells apart.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    classes: Count = 1000

    def location(self, place: str) -> Location:
        """Return where the file is, and how it is known.

        Raises:
            UserError: its SHA-256 is not known; ``place`` says where it should stand.
        """
        if self.file in TORCHVISION:
            known = re.findall(r"-([0-9a-f]{8})\.pth$", self.file)[0]
            return Location(f"{FOLDER}/{self.file}", _ADDRESS + self.file, self.sha256 or known)
        if self.sha256 is None:
            raise UserError(
                f"{place}.sha256: missing; a file is read only if it is the one you mean. Compute it "
                f"(sha256sum {self.file}), compare it with what its authors give, and write it there"
            )
        return Location(self.file, self.url, self.sha256)


class ReleasedSetRow(BaseModel):
    """A converted file of a released set: see :mod:`advex.discussion.released.convert`.

    Attributes:
        file: its path, relative to the repository.
        sha256: its SHA-256, or 8 first digits at least.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, Field(pattern=r"\.safetensors$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None

    def known(self, place: str) -> dict[str, str]:
        """Return where the file is, and how its SHA-256 starts.

        Raises:
            UserError: its SHA-256 is not known; ``place`` says where it should stand.
        """
        if self.sha256 is None:
            raise UserError(
                f"{place}.sha256: missing; a file is read only if it is the one you mean. Convert what the "
                "authors released (python -m advex.discussion.released.convert set, docs/data.md), and write "
                "there what that says"
            )
        return {"path": self.file, "sha256": self.sha256}
