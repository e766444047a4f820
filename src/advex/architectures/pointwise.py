"""Strided 1x1 convolutions, computed in a way that is sound on every processor.

The library that torch computes convolutions with on a CPU, oneDNN, has a fault in one kernel: the gradient of
the weights of a 1x1 convolution with a stride, channels last, with fewer input channels than a vector of the
processor holds (8 with AVX2, 16 with AVX-512). It writes beyond its workspace: crashes, hangs, or wrong
gradients without a word (oneDNN issue 6035, open; met with torch 2.13 and 2.14). What was measured is
in ``docs/discrepancies.md``.

Whatever its processor, channels and layout, a network therefore reaches that kernel nowhere: :func:`mend` is
applied to every network, and a test holds the gradients of all architectures against those computed without
oneDNN.
"""

from torch import Tensor, nn
from torch.nn import functional


class StridedPointwise(nn.Conv2d):
    """A 1x1 convolution with a stride: one without a stride of the positions that the stride keeps.

    Keys, shapes and initialisation of the weights are those of :class:`torch.nn.Conv2d`; so are the numbers.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride), rounded up, in their layout."""
        # Means over windows of one position: the same numbers as images[:, :, ::stride, ::stride], which for
        # channels last is up to three times slower, since its gradient is first made in the other layout.
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
        setattr(network, name, mend(part))
    return network


def _mended(convolution: nn.Conv2d) -> StridedPointwise:
    if convolution.padding != (0, 0):
        raise ValueError(f"a strided 1x1 convolution has padding {convolution.padding}; expected none")
    mended: StridedPointwise = nn.utils.skip_init(  # type: ignore[no-untyped-call]
        StridedPointwise,
        convolution.in_channels,
        convolution.out_channels,
        1,
        convolution.stride,
        groups=convolution.groups,
        bias=convolution.bias is not None,
    )
    mended.weight, mended.bias = convolution.weight, convolution.bias
    mended.train(convolution.training)
    return mended
