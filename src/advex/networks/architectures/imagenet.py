"""torchvision's networks for ImageNet as they are, so that published weights fit them.

See :mod:`advex.networks.published_weights`.

The last linear layer is the head of a classifier here, everything before it the backbone.
"""

from torch import nn

from advex.common.errors import UserError
from advex.networks.architectures.backbone import Backbone, global_average
from advex.networks.torchvision_import import torchvision

HEADS = {
    "imagenet_resnet50": "fc",
    "imagenet_densenet121": "classifier",
    "imagenet_vgg16": "classifier.6",
    "imagenet_vgg19": "classifier.6",
    "imagenet_alexnet": "classifier.6",
}
"""What torchvision calls the last layer of each."""


def resnet50(channels: int) -> Backbone:
    """ResNet-50 (He et al., 2016): 2048 features."""
    _check(channels)
    network = torchvision().models.resnet50()
    network.fc = nn.Identity()
    return Backbone(network, 2048)


def densenet121(channels: int) -> Backbone:
    """DenseNet-121 (Huang et al., 2017): 1024 features."""
    _check(channels)
    network = nn.Sequential()
    network.add_module("features", torchvision().models.densenet121().features)
    network.add_module("relu", nn.ReLU(inplace=True))
    network.add_module("average", global_average())
    return Backbone(network, 1024)


def vgg16(channels: int) -> Backbone:
    """VGG-16 without batch normalisation (Simonyan and Zisserman, 2015): 4096 features."""
    return _with_hidden_layers(torchvision().models.vgg16(init_weights=False), channels)


def vgg19(channels: int) -> Backbone:
    """VGG-19 without batch normalisation: 4096 features; the style network of Gatys et al. and of Nakano."""
    return _with_hidden_layers(torchvision().models.vgg19(init_weights=False), channels)


def alexnet(channels: int) -> Backbone:
    """AlexNet (Krizhevsky, 2014): 4096 features."""
    return _with_hidden_layers(torchvision().models.alexnet(), channels)


def _with_hidden_layers(network: nn.Module, channels: int) -> Backbone:
    _check(channels)
    classifier = network.classifier
    assert isinstance(classifier, nn.Sequential)
    parts = nn.Sequential()
    parts.add_module("features", network.get_submodule("features"))
    parts.add_module("avgpool", network.get_submodule("avgpool"))
    parts.add_module("flatten", nn.Flatten())
    parts.add_module("classifier", classifier[:-1])
    return Backbone(parts, 4096)


def _check(channels: int) -> None:
    if channels != 3:
        raise UserError(f"channels: found {channels}; networks for ImageNet take colour images, 3")
