# FCN-8s on COCO-Stuff 164k, 171 classes, from EfficientNet-Lite0 (pip install 'fcn-plugin[lite]'). Not trained here: no score.
#   python tools/train.py configs/fcn8s_efficientnet-lite0_coco-stuff.py
_base_ = [
    "_base_/models/fcn_efficientnet-lite0.py",
    "_base_/datasets/coco_stuff164k.py",
    "_base_/schedules/schedule_80k_adamw.py",
    "_base_/default_runtime.py",
]
model = dict(decode_head=dict(num_classes=171))
