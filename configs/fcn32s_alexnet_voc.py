# FCN-32s on PASCAL VOC 2012, from torchvision's ImageNet AlexNet. Not trained here: no score.
#   python tools/train.py configs/fcn32s_alexnet_voc.py
_base_ = [
    "_base_/models/fcn_alexnet.py",
    "_base_/datasets/voc.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
model = dict(precision="auto", pretrained="torchvision://alexnet")  # bf16 where the device computes in it
optim_wrapper = dict(optimizer=dict(lr=0.001))  # without batch norm the net needs a tenth of the usual rate
