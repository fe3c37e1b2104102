# FCN-GoogLeNet on PASCAL VOC with the recipe of CVPR 2015, sec. 4.3, from the BVLC GoogLeNet. Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_googlenet_voc.py
_base_ = [
    "../_base_/models/fcn_googlenet.py",
    "../_base_/datasets/voc_native.py",
    "../_base_/schedules/schedule_reference.py",
    "../_base_/default_runtime.py",
]
data_preprocessor = dict(mean=[104.00699, 116.66877, 122.67892], std=[1.0, 1.0, 1.0], bgr_to_rgb=False)
model = dict(
    pretrained="data/weights/bvlc_googlenet.caffemodel",
    geometry="reference",  # the authors never published theirs: the border is that of their other nets
    input_pad=97,  # conv1 pads 3 of the 100 px itself
    # B, G, R; the authors' nets divide by nothing
    data_preprocessor=data_preprocessor,
    backbone=dict(style="caffe"),  # no batch norm, 5 x 5 kernels, as in the paper
)
# mean loss, steps of 20 images
optim_wrapper = dict(accumulative_counts=20, optimizer=dict(lr=5e-5, momentum=0.9))
train_cfg = dict(max_iters=2000000, val_interval=80000)
