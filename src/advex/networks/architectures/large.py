"""torchvision's networks with a stem for 32x32 images: 3x3 without stride, and no pooling after it."""

from torch import nn

from advex.networks.architectures.backbone import Backbone, convolution, global_average
from advex.networks.torchvision_import import torchvision


def _small_image_resnet(network: nn.Module, channels: int, features: int) -> Backbone:
    network.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    network.fc = nn.Identity()
    return Backbone(network, features)


def resnet18(channels: int) -> Backbone:
    """ResNet-18 (He et al., 2016): 512 features."""
    return _small_image_resnet(torchvision().models.resnet18(), channels, 512)


def resnet50(channels: int) -> Backbone:
    """ResNet-50 (He et al., 2016): 2048 features; the paper's main architecture."""
    return _small_image_resnet(torchvision().models.resnet50(), channels, 2048)


def vgg16(channels: int) -> Backbone:
    """VGG-16 with batch normalisation (Simonyan and Zisserman, 2015): 512 features."""
    return _vgg(torchvision().models.vgg16_bn().features, channels)


def vgg19(channels: int) -> Backbone:
    """VGG-19 with batch normalisation: 512 features."""
    return _vgg(torchvision().models.vgg19_bn().features, channels)


def _vgg(features: nn.Sequential, channels: int) -> Backbone:
    features[0] = nn.Conv2d(channels, 64, 3, padding=1)
    return Backbone(nn.Sequential(features, global_average()), 512)


def alexnet(channels: int) -> Backbone:
    """AlexNet (Krizhevsky, 2014) with a first kernel of 5x5 without stride: 256 features.

    The positions of its last layer are averaged, where the original has two more layers.
    """
    features = torchvision().models.alexnet().features
    features[0] = nn.Conv2d(channels, 64, 5, padding=2)
    return Backbone(nn.Sequential(features, global_average()), 256)


def densenet121(channels: int) -> Backbone:
    """DenseNet-121 (Huang et al., 2017): 1024 features."""
    features = torchvision().models.densenet121().features
    features.conv0 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    features.pool0 = nn.Identity()
    return Backbone(nn.Sequential(features, nn.ReLU(inplace=True), global_average()), 1024)


def inception(channels: int) -> Backbone:
    """Inception-v3 (Szegedy et al., 2016) on 32x32 images: its blocks behind a stem without stride.

    The grid is 32x32 in the first blocks (299x299 images give 35x35), then 15x15 and 7x7; 2048 features.
    """
    blocks = torchvision().models.inception
    network = nn.Sequential(
        convolution(channels, 32),
        convolution(32, 64),
        convolution(64, 80, size=1),
        convolution(80, 192),
        blocks.InceptionA(192, pool_features=32),
        blocks.InceptionA(256, pool_features=64),
        blocks.InceptionA(288, pool_features=64),
        blocks.InceptionB(288),
        blocks.InceptionC(768, channels_7x7=128),
        blocks.InceptionC(768, channels_7x7=160),
        blocks.InceptionC(768, channels_7x7=160),
        blocks.InceptionC(768, channels_7x7=192),
        blocks.InceptionD(768),
        blocks.InceptionE(1280),
        blocks.InceptionE(2048),
        global_average(),
    )
    return Backbone(network, 2048)
