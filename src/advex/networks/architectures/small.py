"""The six families at small width and depth, for images of 8x8 to 32x32 on a machine without a GPU.

``width`` is the number of channels of the first stage; ``stages`` the number of resolutions.
"""

import torch
from torch import Tensor, nn

from advex.networks.architectures.backbone import Backbone, convolution, global_average


class Residual(nn.Module):
    """A body added to a shortcut, then a rectifier (He et al., 2016)."""

    def __init__(self, body: nn.Sequential, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = body
        same = stride == 1 and inputs == outputs
        self.shortcut: nn.Module = nn.Identity() if same else _projection(inputs, outputs, stride)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        # In place: the body's output is nobody else's, and neither its gradient nor that of a sum needs it.
        sums: Tensor = self.body(images).add_(self.shortcut(images)).relu_()
        return sums


def _projection(inputs: int, outputs: int, stride: int = 1, size: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class Branches(nn.Module):
    """Several bodies side by side, their outputs joined along the channels; an input may be kept as one."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, sum of the branches' channels, H, W)."""
        return torch.cat([branch(images) for branch in self.branches], 1)


def small_resnet18(channels: int, width: int = 16, stages: int = 3) -> Backbone:
    """Residual network of basic blocks, one per stage, each stage twice as wide and half as large."""
    layers: list[nn.Module] = [convolution(channels, width)]
    inputs = width
    for stage in range(stages):
        outputs, stride = width << stage, 1 if stage == 0 else 2
        body = nn.Sequential(convolution(inputs, outputs, 3, stride), _projection(outputs, outputs, size=3))
        layers.append(Residual(body, inputs, outputs, stride))
        inputs = outputs
    return Backbone(nn.Sequential(*layers, global_average()), inputs)


def small_resnet50(channels: int, width: int = 16, stages: int = 3) -> Backbone:
    """Residual network of bottleneck blocks, two per stage, with four times the width between blocks."""
    layers: list[nn.Module] = [convolution(channels, width)]
    inputs = width
    for stage in range(stages):
        inner, outputs = width << stage, width * 2 << stage
        for block in range(2):
            stride = 2 if stage and not block else 1
            body = nn.Sequential(
                convolution(inputs, inner, 1),
                convolution(inner, inner, 3, stride),
                _projection(inner, outputs),
            )
            layers.append(Residual(body, inputs, outputs, stride))
            inputs = outputs
    return Backbone(nn.Sequential(*layers, global_average()), inputs)


def small_vgg(channels: int, width: int = 16, stages: int = 3) -> Backbone:
    """Plain stack of 3x3 convolutions, two per stage, with max pooling between stages."""
    layers: list[nn.Module] = []
    inputs = channels
    for stage in range(stages):
        outputs = width << stage
        layers += [nn.MaxPool2d(2)] if stage else []
        layers += [convolution(inputs, outputs), convolution(outputs, outputs)]
        inputs = outputs
    return Backbone(nn.Sequential(*layers, global_average()), inputs)


def small_alexnet(channels: int, width: int = 16, stages: int = 3) -> Backbone:
    """Plain stack after AlexNet (Krizhevsky et al., 2012), which has no batch normalisation.

    A first kernel of 5x5 and four more convolutions of 3x3; the widths grow as the original's (64, 192, 384,
    256, 256), so later layers are wider than in the other families. Max pooling follows the first
    ``stages - 1`` convolutions. Weights start as He et al. (2015) advise, since nothing normalises.
    """
    layers: list[nn.Module] = []
    inputs = channels
    for number, multiple in enumerate((1, 3, 6, 4, 4)):
        size = 5 if number == 0 else 3
        outputs = multiple * width
        layer = nn.Conv2d(inputs, outputs, size, padding=size // 2)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        layers += [layer, nn.ReLU(inplace=True)]
        layers += [nn.MaxPool2d(2)] if number < stages - 1 else []
        inputs = outputs
    return Backbone(nn.Sequential(*layers, global_average()), inputs)


def small_plain(channels: int, width: int = 16, stages: int = 2) -> Backbone:
    """Convolutions without batch normalisation, each twice as wide, pooling to 4x4, and a hidden layer.

    It keeps no statistics of its training images, so it takes images of another data set as they are.
    """
    layers: list[nn.Module] = []
    inputs, hidden = channels, 8 * width
    for stage in range(stages):
        layers += [nn.Conv2d(inputs, width << stage, 3, padding=1), nn.ReLU(inplace=True)]
        inputs = width << stage
    layers += [nn.AdaptiveMaxPool2d(4), nn.Flatten(), nn.Linear(16 * inputs, hidden), nn.ReLU(inplace=True)]
    return Backbone(nn.Sequential(*layers), hidden)


def small_perceptron(channels: int, width: int = 128, stages: int = 2) -> Backbone:
    """Hidden layers on all pixels of images reduced to 8x8: neither convolutions nor batch normalisation."""
    layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(8), nn.Flatten()]
    inputs = 64 * channels
    for _ in range(stages):
        layers += [nn.Linear(inputs, width), nn.ReLU(inplace=True)]
        inputs = width
    return Backbone(nn.Sequential(*layers), width)


def small_densenet(channels: int, width: int = 16, stages: int = 3) -> Backbone:
    """Densely connected network: three layers of growth width / 2 per stage, halved between stages."""
    layers: list[nn.Module] = [convolution(channels, width)]
    inputs, growth = width, width // 2
    for stage in range(stages):
        if stage:
            layers += [convolution(inputs, inputs // 2, 1), nn.AvgPool2d(2)]
            inputs //= 2
        for _ in range(3):
            layers.append(Branches(nn.Identity(), convolution(inputs, growth)))
            inputs += growth
    return Backbone(nn.Sequential(*layers, global_average()), inputs)


def small_inception(channels: int, width: int = 16, stages: int = 3) -> Backbone:
    """Blocks of four branches (1x1, 3x3, two 3x3, pooled), one block per stage, pooling between stages."""
    layers: list[nn.Module] = [convolution(channels, width)]
    inputs = width
    for stage in range(stages):
        branch = (width << stage) // 2
        layers += [nn.MaxPool2d(2)] if stage else []
        layers.append(
            Branches(
                convolution(inputs, branch, 1),
                nn.Sequential(convolution(inputs, branch, 1), convolution(branch, branch)),
                nn.Sequential(
                    convolution(inputs, branch, 1), convolution(branch, branch), convolution(branch, branch)
                ),
                nn.Sequential(nn.AvgPool2d(3, 1, padding=1), convolution(inputs, branch, 1)),
            )
        )
        inputs = 4 * branch
    return Backbone(nn.Sequential(*layers, global_average()), inputs)
