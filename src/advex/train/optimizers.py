"""Optimisers of a training: torch's own steps, to the bit, without what its classes bring along.

The classes of ``torch.optim`` load torch's compiler when one is made, which takes longer than many a training
here. The functions that they call do not, so those are called here, with torch's defaults.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.sgd import sgd


class Optimizer(ABC):
    """Moves parameters along their gradients.

    Args:
        parameters: what to move; those without a gradient stay where they are.
        learning_rate: of the next steps; it may be set anew between two of them.

    Attributes:
        state: what is remembered of each parameter, by its place: tensors by name, for checkpoints.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self._parameters = list(parameters)
        self.state: dict[int, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Take one step."""
        moved = [index for index, parameter in enumerate(self._parameters) if parameter.grad is not None]
        parameters = [self._parameters[index] for index in moved]
        gradients = [gradient for parameter in parameters if (gradient := parameter.grad) is not None]
        self._move(moved, parameters, gradients)

    def load(self, state: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Go on from what was remembered, as from a checkpoint: tensors on any device."""
        self.state = {
            index: {name: self._placed(self._parameters[index], name, value) for name, value in known.items()}
            for index, known in state.items()
        }

    @abstractmethod
    def _move(self, moved: list[int], parameters: list[Tensor], gradients: list[Tensor]) -> None:
        """Move parameters, given their places and gradients."""

    def _placed(self, parameter: Tensor, name: str, value: Tensor) -> Tensor:
        """Return a tensor of a parameter's state where it belongs: beside the parameter."""
        return value.to(parameter)


class Sgd(Optimizer):
    """Stochastic gradient descent, as ``torch.optim.SGD``.

    Args:
        parameters: as of any optimiser.
        learning_rate: likewise.
        momentum: share of the last step that is taken again.
        weight_decay: share of a parameter that is added to its gradient.
    """

    def __init__(
        self, parameters: Iterable[Tensor], learning_rate: float, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(parameters, learning_rate)
        self._momentum, self._weight_decay = momentum, weight_decay

    def _move(self, moved: list[int], parameters: list[Tensor], gradients: list[Tensor]) -> None:
        buffers = [self.state.get(index, {}).get("momentum_buffer") for index in moved]
        sgd(
            parameters,
            gradients,
            buffers if self._momentum else [],
            weight_decay=self._weight_decay,
            momentum=self._momentum,
            lr=self.learning_rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        if self._momentum:
            self.state |= {
                index: {"momentum_buffer": buffer}
                for index, buffer in zip(moved, buffers, strict=True)
                if buffer is not None
            }


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), as ``torch.optim.Adam`` with its default settings.

    Args:
        parameters: as of any optimiser.
        learning_rate: likewise.
        fused: take each step in one kernel, which rounds differently.
    """

    def __init__(
        self, parameters: Iterable[Tensor], learning_rate: float = 1e-3, *, fused: bool = False
    ) -> None:
        super().__init__(parameters, learning_rate)
        self._fused = fused

    def _move(self, moved: list[int], parameters: list[Tensor], gradients: list[Tensor]) -> None:
        for index, parameter in zip(moved, parameters, strict=True):
            if index not in self.state:
                self.state[index] = {
                    "step": torch.zeros((), device=self._place_of_step(parameter)),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        states = [self.state[index] for index in moved]
        adam(
            parameters,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True if self._fused else None,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )

    def _place_of_step(self, parameter: Tensor) -> torch.device:
        """Return where the steps are counted: beside the parameter if a kernel of its device does so."""
        return parameter.device if self._fused else torch.device("cpu")

    def _placed(self, parameter: Tensor, name: str, value: Tensor) -> Tensor:
        if name == "step":
            return value.to(self._place_of_step(parameter))
        return super()._placed(parameter, name, value)
