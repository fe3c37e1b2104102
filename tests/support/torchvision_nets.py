"""torchvision's classifiers, narrow and with random values."""

import torch
from torch import nn
from torchvision import models


def on_meta(name, **kwargs):
    """torchvision's net without memory."""
    if name == "googlenet":
        kwargs["init_weights"] = False
    with torch.device("meta"):
        return getattr(models, name)(**kwargs)


def randomised(net):
    """Give a net from meta memory and random values that keep activations finite; nothing is 0 or 1."""
    net.to_empty(device="cpu")
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.data.normal_(std=(2 / layer.weight[0].numel()) ** 0.5)
            if layer.bias is not None:
                layer.bias.data.normal_(std=0.1)
        elif isinstance(layer, nn.BatchNorm2d):
            for positive, any_sign in ((layer.weight, layer.bias), (layer.running_var, layer.running_mean)):
                positive.data.uniform_(0.5, 1.5)
                any_sign.data.normal_(std=0.1)
            layer.num_batches_tracked.zero_()
    return net.eval()


def narrow(net, fc):
    """The classifier with ``fc`` channels in fc6 and fc7 instead of 4096."""
    inputs = next(layer.in_features for layer in net.classifier if isinstance(layer, nn.Linear))
    for i, layer in enumerate(net.classifier):
        if isinstance(layer, nn.Linear):
            width = fc if layer.out_features == 4096 else layer.out_features
            net.classifier[i], inputs = nn.Linear(inputs, width, device="meta"), width
    return net
