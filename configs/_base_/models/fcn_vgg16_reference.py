# The authors' VGG16 nets to the pixel: 100 px border, crops, BGR less the mean, summed loss.
_base_ = "fcn_vgg16.py"
# B, G, R; the authors' nets divide by nothing
data_preprocessor = dict(mean=[104.00699, 116.66877, 122.67892], std=[1.0, 1.0, 1.0], bgr_to_rgb=False)
model = dict(
    geometry="reference",
    data_preprocessor=data_preprocessor,
    # summed over the image, which the tiny learning rates belong to
    decode_head=dict(loss_decode=dict(reduction="sum")),
)
