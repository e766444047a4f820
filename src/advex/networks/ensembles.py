"""Several networks for one task, evaluated and attacked as one model."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from advex.networks.classifier import Classifier


class Ensemble(nn.Module):
    """Networks side by side: one pass gives the logits of all.

    They run one after the other on the whole batch. Joined to one grouped pass (``torch.func.vmap`` over
    stacked weights) networks of our sizes are slower on a CPU, see ``benchmarks/ensembles.py``.

    Args:
        members: the networks; they may differ in architecture.
    """

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of images (N, C, H, W) in [0, 1]; (members, N, classes)."""
        return torch.stack([member(images) for member in self.members])

    def against(self, source: nn.Module, size: int | None = None) -> "Ensemble":
        """Return the ensemble that attacks of ``source`` are penalised by: the source, then the members.

        The last member is held out: it takes part in no attack, so attacks can be tested on it.

        Args:
            source: the network under attack, not a member.
            size: how many members, the first ones; by default all but the last.

        Raises:
            ValueError: there are not so many.
        """
        available = len(self.members) - 1
        used = available if size is None else size
        if not 1 <= used <= available:
            raise ValueError(
                f"found size {size}; {len(self.members)} networks have {available} to attack with"
            )
        return Ensemble([source, *self.members[:used]])

    @property
    def held_out(self) -> Classifier:
        """The last member, which takes part in no attack."""
        member = self.members[-1]
        assert isinstance(member, Classifier)
        return member
