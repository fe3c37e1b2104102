# The authors' FCN-AlexNet to the pixel: CaffeNet, 100 px border, crop 18, BGR less the mean.
_base_ = "fcn_alexnet.py"
weights_help = (
    "Download bvlc_reference_caffenet.caffemodel (http://dl.caffe.berkeleyvision.org/) to data/weights/, "
    "or give another file with --cfg-options model.pretrained=PATH"
)
model = dict(
    geometry="reference",
    input_pad=98,  # conv1 pads 2 of the 100 px itself
    data_preprocessor=dict(
        # B, G, R; the authors' nets divide by nothing
        mean=[104.00699, 116.66877, 122.67892],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
    ),
    backbone=dict(style="caffenet"),
)
