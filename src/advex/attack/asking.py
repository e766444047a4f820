"""A model of a caller's with what it is asked together with: how :mod:`advex.api` uses the engine."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from advex.attack.handed_in import number, whole_number
from advex.attack.loop import batches, projected_gradient
from advex.attack.objectives import Objective
from advex.common.errors import InputError
from advex.common.randomness import stable_seed
from advex.common.settings import AttackSettings
from advex.networks.ensembles import Ensemble
from advex.networks.foreign import Foreign, Model
from advex.networks.predictions import evaluating
from advex.registries import NORMS, OBJECTIVES

_RELATIVE_STEP = 2.5  # steps times step size, over epsilon: the convention of the paper's library
_ENSEMBLE = "ensemble_"
DIVERGENCE = "prediction_divergence"
_AIMLESS = ("cross_entropy", "cw_margin", DIVERGENCE)
_AIMING = ("targeted_cross_entropy", "targeted_margin")


class Asked:
    """A model, the ensemble beside it, and how many images they take at once.

    Raises:
        InputError: a model is none, or the number is.
    """

    def __init__(
        self, model: Model, ensemble: Sequence[Model], batch_size: int, layer: str | None = None
    ) -> None:
        self.batch_size = whole_number("batch_size", batch_size)
        with torch.inference_mode(False):
            self.network = Foreign(model, layer)
            self.others = [Foreign(each) for each in ensemble]
        self.given = [each for each in (model, *ensemble) if isinstance(each, nn.Module)]

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Let gradients be computed, in evaluation mode, whatever the caller has switched off."""
        with torch.inference_mode(False), torch.enable_grad(), ExitStack() as modes:
            for each in self.given:
                modes.enter_context(evaluating(each))
            yield

    def settings(
        self,
        norm: str,
        epsilon: float,
        steps: int,
        step_size: float | None,
        random_start: bool,
        keep_best: bool,
        shrinking: bool = False,
    ) -> AttackSettings:
        """Check how an attack goes."""
        if norm not in NORMS:
            raise InputError(f"norm: found {norm!r}; allowed: {', '.join(NORMS)}")
        radius, many = number("epsilon", epsilon, finite=False), whole_number("steps", steps)
        if math.isinf(radius) and (step_size is None or random_start):
            raise InputError("epsilon: infinite; then step_size is needed, and no random start can be drawn")
        length = _RELATIVE_STEP * radius / many if step_size is None else number("step_size", step_size)
        return AttackSettings(norm, radius, many, length, bool(random_start), bool(keep_best), shrinking)

    def device(self, images: Tensor) -> torch.device:
        """Return where numbers are computed: where the model lies, else where the images do."""
        return self.network.device or images.device

    def examine(self, images: Tensor) -> int:
        """Look at what all models give for the first images, and return how many classes there are."""
        place = self.device(images)
        models = [self.network, *self.others]
        if len({each.device or place for each in models}) > 1:
            raise InputError("ensemble: its models lie on another device than the model; move them to one")
        found = {each.to_device(place).examine(images[: self.batch_size].to(place)) for each in models}
        if len(found) > 1:
            raise InputError(f"ensemble: models have {' and '.join(map(str, sorted(found)))} classes")
        return found.pop()

    def objective(
        self, name: str, images: Tensor, labels: Tensor, targets: Tensor | None
    ) -> tuple[Objective, Tensor]:
        """Return an objective and what it compares each image with."""
        if name not in OBJECTIVES:
            raise InputError(f"objective: found {name!r}; allowed: {', '.join(OBJECTIVES)}")
        if name == "representation_distance":
            raise InputError("objective: for inversions use construct(..., rule='invert')")
        if name.startswith(_ENSEMBLE) != bool(self.others):
            lacks = "needs models in `ensemble`, which has none" if not self.others else "takes no ensemble"
            raise InputError(f"objective: {name} {lacks}")
        needs = name in _AIMING or name.startswith(_ENSEMBLE)
        if needs and targets is None:
            raise InputError(f"objective: {name} needs targets")
        if targets is not None and name in _AIMLESS:
            raise InputError(f"objective: {name} aims at no class; leave targets out")
        if name == DIVERGENCE:
            rows = self._all(self.network, images)
        elif targets is None:
            rows = labels
        else:
            rows = targets if name == "targeted_cross_entropy" else torch.stack([targets, labels], 1)
        return OBJECTIVES[name], rows

    def climb(
        self,
        objective: Objective,
        images: Tensor,
        rows: Tensor,
        settings: AttackSettings,
        start: Tensor | None,
        seed: int,
    ) -> Tensor:
        """Climb an objective from images, or from perturbations of them, batch by batch; see the engine."""
        place = self.device(images)
        network = Ensemble([self.network, *self.others]) if self.others else self.network
        network.training = False
        found = []
        drawn_by = stable_seed("attack", seed)
        for batch, drawn, progress in batches(
            images, settings, seed=drawn_by, batch_size=self.batch_size, what="attack"
        ):
            begun = drawn if start is None else start[batch]
            moved = projected_gradient(
                objective,
                network,
                images[batch].to(place),
                rows[batch].to(place),
                settings,
                start=None if begun is None else begun.to(place),
                progress=progress,
            )
            found.append(moved.contiguous().to(images.device))
        self.check_finite()
        return torch.cat(found) if found else images.clone()

    def predicted(self, images: Tensor) -> Tensor:
        """Return the class the model gives to each image, (N,) int64, where the images are."""
        return self._all(self.network, images).argmax(1)

    def representations(self, images: Tensor) -> Tensor:
        """Return the representation of each image, (N, features)."""
        return self._all(self.network.representation, images)

    def check_finite(self) -> None:
        """Raise if a number was not finite anywhere."""
        for each in (self.network, *self.others):
            each.check_finite("on the way of the attack")

    def _all(self, function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        place = self.device(images)
        with torch.no_grad():
            parts = [
                function(part.to(place)).to(images.device) for part in torch.split(images, self.batch_size)
            ]
        return torch.cat(parts)
