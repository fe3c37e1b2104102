# FCN-D8 on PASCAL VOC 2012: torchvision's ImageNet ResNet-50, dilated to stride 8. Not trained here: no score.
#   python tools/train.py configs/fcn8s-d8_r50_voc.py
_base_ = [
    "_base_/models/fcn_r50.py",
    "_base_/datasets/voc.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
dilated = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True)  # as the kernels were trained
model = dict(
    pretrained="torchvision://resnet50",
    backbone=dict(type="ResNet", out_indices=(3,), **dilated),
    neck=dict(in_channels="auto"),
    decode_head=dict(streams=("fr",), in_channels="auto", strides="auto"),
)
