# The authors' VGG16 nets to the pixel: 100 px border, crops, BGR less the mean, summed loss.
_base_ = "fcn_vgg16.py"
weights_help = (
    "Download VGG_ILSVRC_16_layers.caffemodel (http://www.robots.ox.ac.uk/~vgg/research/very_deep/) to data/weights/, "
    "or give another file with --cfg-options model.pretrained=PATH"
)
model = dict(
    geometry="reference",
    data_preprocessor=dict(
        # B, G, R; the authors' nets divide by nothing
        mean=[104.00699, 116.66877, 122.67892],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
    ),
    # summed over the image, which the tiny learning rates belong to
    decode_head=dict(loss_decode=dict(reduction="sum")),
)
