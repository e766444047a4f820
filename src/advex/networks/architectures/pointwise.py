"""Strided 1x1 convolutions, computed in a way that is sound on every processor.

oneDNN, the library that torch computes convolutions with on a CPU, has a fault in one kernel: the gradient of
the weights of a 1x1 convolution with a stride, channels last, with fewer input channels than a vector of the
processor holds (8 with AVX2, 16 with AVX-512). It writes beyond its workspace: a crash, a hang, or wrong
gradients without a word (oneDNN issue 6035, open; met in torch 2.13 and 2.14). ``docs/architecture.md`` has
what was measured about it.

Whatever the processor, channels and layout, no network reaches that kernel: :func:`mend` is applied to all of
them, and a test holds the gradients of every architecture against those computed without oneDNN.
"""

from torch import Tensor, nn
from torch.nn import functional


class StridedPointwise(nn.Conv2d):
    """A 1x1 convolution with a stride: one without a stride of the positions that the stride keeps.

    Keys, shapes and initialisation of the weights are those of :class:`torch.nn.Conv2d`; so are the numbers.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride), rounded up; the layout is kept."""
        # Means of single positions: the same numbers as images[:, :, ::stride, ::stride], which channels last
        # is up to three times slower, as its gradient is first made in the other layout.
        kept = functional.avg_pool2d(images, 1, self.stride)
        return functional.conv2d(kept, self.weight, self.bias, groups=self.groups)


def is_strided_pointwise(module: nn.Module) -> bool:
    """Tell whether a module is a 1x1 convolution with a stride that torch would compute as such."""
    return (
        isinstance(module, nn.Conv2d)
        and not isinstance(module, StridedPointwise)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
    )


def mend(network: nn.Module) -> nn.Module:
    """Replace every strided 1x1 convolution in a network by a :class:`StridedPointwise` with its parameters.

    Args:
        network: changed in place; nothing is drawn from any random stream.

    Returns:
        The network, or what replaces it if it is such a convolution itself.

    Raises:
        ValueError: such a convolution has padding, which none of ours needs.
    """
    if is_strided_pointwise(network):
        assert isinstance(network, nn.Conv2d)
        return _mended(network)
    for name, part in list(network.named_children()):
        network.add_module(name, mend(part))  # in the place of the part
    return network


def _mended(convolution: nn.Conv2d) -> StridedPointwise:
    if convolution.padding != (0, 0):
        raise ValueError(f"a strided 1x1 convolution has padding {convolution.padding}; expected none")
    vertical, horizontal = convolution.stride
    mended = StridedPointwise(
        convolution.in_channels,
        convolution.out_channels,
        1,
        (vertical, horizontal),
        groups=convolution.groups,
        bias=convolution.bias is not None,
        device="meta",  # the parameters are given below
    )
    mended.weight, mended.bias = convolution.weight, convolution.bias
    mended.train(convolution.training)
    return mended
