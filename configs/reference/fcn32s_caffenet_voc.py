# The authors' FCN-AlexNet on PASCAL VOC, from the BVLC CaffeNet. Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_caffenet_voc.py
_base_ = [
    "../_base_/models/fcn_alexnet.py",
    "../_base_/datasets/voc_native.py",
    "../_base_/schedules/schedule_reference.py",
    "../_base_/default_runtime.py",
]
data_preprocessor = dict(mean=[104.00699, 116.66877, 122.67892], std=[1.0, 1.0, 1.0], bgr_to_rgb=False)
model = dict(
    pretrained="data/weights/bvlc_reference_caffenet.caffemodel",
    geometry="reference",
    input_pad=98,  # conv1 pads 2 of the 100 px itself
    # B, G, R; the authors' nets divide by nothing
    data_preprocessor=data_preprocessor,
    backbone=dict(style="caffenet"),
)
# the only net of theirs with a mean loss: 100,000 steps of 20 images
optim_wrapper = dict(
    accumulative_counts=20,
    optimizer=dict(lr=1e-4, momentum=0.9),
    # their definition gives factors to score_fr alone: the other seven biases learn at the rate, with decay
    paramwise_cfg=dict(_delete_=True, custom_keys={"score_fr.bias": dict(lr_mult=2, decay_mult=0)}),
)
train_cfg = dict(max_iters=2000000, val_interval=80000)
