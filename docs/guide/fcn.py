# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Fully Convolutional Networks, step by step
#
# This notebook builds the method of Long, Shelhamer and Darrell (CVPR 2015) from its parts, with the code of `fcn_plugin`. Every claim is checked by an `assert`.
# It needs no data, no GPU and no trained weights, and runs in under a minute.
#
# 1. A classifier becomes a convolution
# 2. Transposed convolution
# 3. Bilinear kernels, and the checkerboard
# 4. Sizes that the strides do not divide
# 5. Skips
# 6. Results and limits

# %%
import contextlib
import logging
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

with contextlib.redirect_stdout(None):  # OpenMMLab prints a line on import
    import fcn_plugin

from fcn_plugin.layers.bilinear import BilinearUpsample, bilinear_kernel
from fcn_plugin.layers.coord_map import CoordMap

torch.manual_seed(0)
torch.set_grad_enabled(False)
plt.rcParams.update({"figure.dpi": 60, "image.cmap": "viridis", "axes.titlesize": 10})


def show(*images, titles=(), width=3, **kwargs):
    _, axes = plt.subplots(1, len(images), figsize=(width * len(images), width), squeeze=False)
    for axis, image, title in zip(axes[0], images, titles, strict=True):
        axis.imshow(image, interpolation="nearest", **kwargs)
        axis.set_title(title)
        axis.axis("off")
    plt.tight_layout()
    plt.show()


# %% [markdown]
# ## 1. A classifier becomes a convolution
#
# VGG16 ends in fully connected layers. The first, fc6, multiplies the flattened 512 x 7 x 7 output of pool5 by a matrix. A 7 x 7 convolution whose kernels are the rows of that matrix
# computes the same numbers. (Here fc6 has 64 outputs instead of 4,096, to be quick.)

# %%
fc6 = nn.Linear(512 * 7 * 7, 64)
conv6 = nn.Conv2d(512, 64, kernel_size=7)
conv6.weight.copy_(fc6.weight.view(64, 512, 7, 7))
conv6.bias.copy_(fc6.bias)

pool5 = torch.randn(1, 512, 7, 7)
assert torch.allclose(conv6(pool5).flatten(), fc6(pool5.flatten()), atol=1e-5)
conv6(pool5).shape

# %% [markdown]
# A larger image gives a larger pool5. The fully connected layer fails on it; the convolution returns a map. Each entry of the map is the classifier's output for one 7 x 7 window.

# %%
pool5 = torch.randn(1, 512, 8, 9)  # of an image of 256 x 288 pixels
try:
    fc6(pool5.flatten())
except RuntimeError as error:
    print("fully connected:", error)

scores = conv6(pool5)
print("convolution:", tuple(scores.shape))
for row in range(2):
    for column in range(3):
        window = pool5[..., row : row + 7, column : column + 7]
        assert torch.allclose(scores[0, :, row, column], fc6(window.flatten()), atol=1e-5)

# %% [markdown]
# The fully connected layer loses two things: the freedom to take any size, and the place of what it has seen. The convolution keeps both.
#
# It is also cheaper than running the classifier window by window, since neighbouring windows share most of their computation. We count the operations for
# the 10 x 10 map of a 512 x 512 image without computing anything: the net is on the "meta" device.

# %%
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import vgg16

with torch.device("meta"):
    features, fc7 = vgg16().features, nn.Sequential(nn.Conv2d(512, 4096, 7), nn.Conv2d(4096, 4096, 1))
    net = nn.Sequential(features, fc7)

    def gflop(side):
        with FlopCounterMode(display=False) as counter:
            shape = net(torch.empty(1, 3, side, side)).shape
        return counter.get_total_flops() / 1e9, tuple(shape[-2:])


whole, window = gflop(512), gflop(224)
print(f"512 x 512 image: {whole[0]:.0f} GFLOP for a map of {whole[1]}")
print(
    f"224 x 224 window: {window[0]:.0f} GFLOP, times {np.prod(whole[1])} windows = {window[0] * np.prod(whole[1]):.0f} GFLOP"
)
assert window[0] * np.prod(whole[1]) > 10 * whole[0]

# %% [markdown]
# ## 2. Transposed convolution
#
# A convolution is linear, so it is a matrix C. We read the matrix off, column by column, by convolving images in which a single pixel is 1. Here: a 3 x 3 kernel with stride 2 on a 7 x 7 image.

# %%
kernel = torch.arange(1.0, 10).view(1, 1, 3, 3)
pixels = torch.eye(49).view(49, 1, 7, 7)
matrix = F.conv2d(pixels, kernel, stride=2).view(49, 9).T  # (outputs, inputs)
show(matrix, matrix.T, titles=("convolution C: 9 x 49", "transposed convolution: 49 x 9"), width=4)

# %% [markdown]
# Transposed convolution multiplies by the transposed matrix, Cᵀ. It maps 3 x 3 back to 7 x 7: each input pixel adds the kernel, scaled by its value, to the output, 2 pixels after its neighbour.

# %%
small = torch.randn(1, 1, 3, 3)
large = F.conv_transpose2d(small, kernel, stride=2)
assert torch.allclose(large.flatten(), matrix.T @ small.flatten(), atol=1e-5)

# %% [markdown]
# The same product is the gradient of the convolution with respect to its input. The backward pass of every convolution layer computes it.

# %%
with torch.enable_grad():
    image = torch.randn(1, 1, 7, 7, requires_grad=True)
    (gradient,) = torch.autograd.grad(F.conv2d(image, kernel, stride=2), image, small)
assert torch.allclose(gradient, large, atol=1e-5)

# %% [markdown]
# It is often called *deconvolution*, but it does not undo a convolution: CᵀC is not the identity. Only the shape comes back.

# %%
back = F.conv_transpose2d(F.conv2d(image, kernel, stride=2), kernel, stride=2)
assert back.shape == image.shape and not torch.allclose(back, image, atol=1)
show(image[0, 0], back[0, 0], titles=("image", "convolved, then transposed convolution"))

# %% [markdown]
# ## 3. Bilinear kernels, and the checkerboard
#
# FCN starts its upsampling layers from kernels that interpolate bilinearly: along one axis `w[i] = 1 - |i - c| / f`, with
# `f = ceil(k / 2)` and `c = (k - 1) / 2` for a kernel of k pixels.

# %%
print(bilinear_kernel(4)[0] / bilinear_kernel(4)[0].sum(), "(one row, normalised)")
corner = torch.tensor([[0.0, 1.0], [2.0, 5.0]]).view(1, 1, 2, 2)
up = BilinearUpsample(channels=1, stride=8)
show(corner[0, 0], up(corner)[0, 0], bilinear_kernel(16), titles=("2 x 2 scores", "upsampled by 8", "kernel 16 x 16"))

# %% [markdown]
# Between the centres of the first and the last pixel, this equals image resizing. Beyond them it fades towards the zeros outside the map, where image resizing repeats the last pixel.

# %%
difference = (up(corner) - F.interpolate(corner, scale_factor=8, mode="bilinear", align_corners=False)).abs()[0, 0]
assert difference[4:12, 4:12].max() < 1e-5 and difference[0].max() > 0.1

# %% [markdown]
# **The checkerboard.** Where kernels of neighbouring pixels overlap unevenly, a constant input gives a pattern. A constant 3 x 3 kernel at stride 2 does this: some output pixels receive one
# contribution, others two or four. With the bilinear kernel, the contributions to every pixel add up to 1.

# %%
ones = torch.ones(1, 1, 8, 8)
uneven = F.conv_transpose2d(ones, torch.ones(1, 1, 3, 3), stride=2)[0, 0, 2:-2, 2:-2]
even = BilinearUpsample(channels=1, stride=2)(ones)[0, 0, 2:-2, 2:-2]
assert set(uneven.unique().tolist()) == {1, 2, 4} and torch.allclose(even, torch.ones_like(even))
show(uneven, even, titles=("3 x 3 of ones, stride 2", "bilinear 4 x 4, stride 2"), vmin=0, vmax=4)

# %% [markdown]
# ## 4. Sizes that the strides do not divide
#
# Five poolings divide the sides by 32. Sides that 32 does not divide come back too short or too long:

# %%
for height, width in ((500, 375), (480, 360), (33, 31)):
    down, ceil = (height // 32 * 32, width // 32 * 32), (-(-height // 32) * 32, -(-width // 32) * 32)
    print(f"{(height, width)}: rounding down gives back {down}, rounding up {ceil}")

# %% [markdown]
# So the image is padded with zeros and the scores are cropped. Where to crop? Pixel i of a feature map lies at image coordinate `scale * i + shift`. Each layer changes scale and shift by
# a simple rule, which `CoordMap` applies. These are the layers of the authors' FCN-32s; 19 is the offset in their published net.

# %%
grid = CoordMap().pad(99)
for convolutions in (2, 2, 3, 3, 3):
    for _ in range(convolutions):
        grid = grid.down(kernel=3, padding=1)
    grid = grid.down(kernel=2, stride=2)
fc7_grid = grid.down(kernel=7)
upscore = fc7_grid.up(kernel=64, stride=32)
print(
    f"fc7: scale {fc7_grid.scale}, shift {float(fc7_grid.shift)}; upscore: scale {upscore.scale}, shift {upscore.shift}"
)
assert upscore.crop_offset(CoordMap()) == 19

# %% [markdown]
# The package does this for any backbone by tracing its layers. The logits of a net have the image's size, whatever the size:

# %%
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

cfg = fcn_plugin.get_config("fcn8s_vgg16_voc")
init_default_scope("mmseg")
cfg.model.update(pretrained=None, precision="fp32")
cfg.model.neck.update(fc_channels=32)
cfg.model.decode_head.in_channels.update(fr=32)
fcn8s = MODELS.build(cfg.model).eval()
fcn8s.init_weights()
for size in ((64, 64), (75, 50), (33, 31), (97, 128)):
    logits = fcn8s(torch.randn(1, 3, *size), mode="tensor")
    assert logits.shape[-2:] == size
    print(size, "->", tuple(logits.shape))

# %% [markdown]
# ## 5. Skips
#
# A map of stride 32 cannot show a small object, even with perfect scores. We take a drawing and its true labels, average each class over cells of 32, 16, 8 and 4 pixels, upsample these ideal scores
# bilinearly, and take the best class. No net whose finest scores have that stride can do much better.

# %%
from fcn_plugin.datatools.minivoc.scene import draw_scene

picture, truth = draw_scene(seed=0, index=9, size=(256, 256))
picture, truth = np.asarray(picture), torch.as_tensor(np.asarray(truth)).long()
known = truth != 255
onehot = F.one_hot(truth.where(known, 0), 21).permute(2, 0, 1)[None].float() * known


def mean_iu(guess):
    counts = torch.bincount(truth[known] * 21 + guess[known], minlength=21 * 21).view(21, 21)
    union = counts.sum(0) + counts.sum(1) - counts.diag()
    return float((counts.diag() / union)[union > 0].mean()) * 100


maps, titles = [], []
for stride in (32, 16, 8, 4):
    cells = F.avg_pool2d(onehot, stride)
    guess = BilinearUpsample(21, stride)(cells)[0].argmax(0)
    maps.append(guess)
    titles.append(f"stride {stride}: {mean_iu(guess):.0f}")
assert mean_iu(maps[0]) < mean_iu(maps[1]) < mean_iu(maps[2]) < mean_iu(maps[3])
show(picture, titles=["image"])
show(truth.where(known, 0), *maps, titles=("truth", *titles), vmin=0, vmax=20, cmap="tab20")

# %% [markdown]
# FCN-16s adds scores of pool4 (stride 16) to the upsampled scores of fc7, FCN-8s adds those of pool3 (stride 8) as well:
#
# `FCN-8s = up8(up2(up2(score_fr) + score_pool4) + score_pool3)`
#
# The score layers of the skips start at zero, so a finer net starts as its coarser parent.

# %%
head = fcn8s.decode_head
for name in ("score_pool4", "score_pool3"):
    assert getattr(head, name).weight.abs().max() == 0
[name for name, _ in head.named_children()]

# %% [markdown]
# ## 6. Results and limits
#
# VGG16 trained from scratch on such drawings, one schedule for all (`make strides`): FCN-32s reaches a mean IU of 42.4, FCN-16s 69.1, FCN-8s 87.6. From the left: image, truth, FCN-32s, FCN-16s, FCN-8s.
#
# ![five drawings, predicted with three strides](../strides.png)
#
# On real streets (CamVid test, light backbone, three seeds): 53.5, 58.7, 60.0.
#
# What remains is visible in any FCN: boundaries are soft, thin parts vanish, and parts of large objects are missed. [Limits](../limits.md) measures each of these, and what helps: finer skips, larger
# images, a local CRF, dilated convolutions. Where to go from here: [train on your own data](../own_data.md), [the method with a test for each claim](../method.md).
