# FCN-GoogLeNet in the authors' geometry; they never published theirs, so the border is that of their other nets.
_base_ = "fcn_googlenet.py"
weights_help = (
    "Download bvlc_googlenet.caffemodel (http://dl.caffe.berkeleyvision.org/) to data/weights/, "
    "or give another file with --cfg-options model.pretrained=PATH"
)
model = dict(
    geometry="reference",
    input_pad=97,  # conv1 pads 3 of the 100 px itself
    data_preprocessor=dict(
        # B, G, R; the authors' nets divide by nothing
        mean=[104.00699, 116.66877, 122.67892],
        std=[1.0, 1.0, 1.0],
        bgr_to_rgb=False,
    ),
    backbone=dict(style="caffe"),  # no batch norm, 5 x 5 kernels, as in the paper
)
