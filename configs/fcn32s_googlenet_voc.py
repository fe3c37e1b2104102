# FCN-32s on PASCAL VOC 2012, from torchvision's ImageNet GoogLeNet. Not trained here: no score.
#   python tools/train.py configs/fcn32s_googlenet_voc.py
_base_ = [
    "_base_/models/fcn_googlenet.py",
    "_base_/datasets/voc.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
model = dict(precision="auto", pretrained="torchvision://googlenet")  # bf16 where the device computes in it
