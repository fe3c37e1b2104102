# The authors' FCN-32s on SIFT Flow, both tasks at once, from the ILSVRC VGG16 (PAMI 2016). Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_vgg16_siftflow.py
_base_ = [
    "../_base_/models/fcn_vgg16_siftflow.py",
    "../_base_/datasets/siftflow_native.py",
    "../_base_/schedules/schedule_reference_2k.py",
    "../_base_/default_runtime.py",
]
model = dict(
    pretrained="data/weights/VGG_ILSVRC_16_layers.caffemodel",
    other_images=True,  # which expects ImageNet's mean
    decode_head=dict(streams=("fr",)),
)
default_hooks = dict(checkpoint=dict(save_best="semantic/mIoU"))
