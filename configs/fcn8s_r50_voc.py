# FCN-8s on PASCAL VOC 2012, from torchvision's ImageNet ResNet-50. Not trained here: no score.
#   python tools/train.py configs/fcn8s_r50_voc.py
_base_ = [
    "_base_/models/fcn_r50.py",
    "_base_/datasets/voc.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
model = dict(precision="auto", pretrained="torchvision://resnet50")  # bf16 where the device computes in it
