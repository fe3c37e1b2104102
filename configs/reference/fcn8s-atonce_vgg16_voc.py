# The authors' FCN-8s at once on PASCAL VOC, from the ILSVRC VGG16 (PAMI 2016, sec. 4.3). Not trained here: no score.
#   python tools/train.py configs/reference/fcn8s-atonce_vgg16_voc.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/voc_native.py",
    "../_base_/schedules/schedule_reference.py",
    "../_base_/default_runtime.py",
]
model = dict(
    pretrained="data/weights/VGG_ILSVRC_16_layers.caffemodel",
    # pool4 and pool3 are larger than fc7: scaled so that all score layers train with one learning rate
    neck=dict(scales=(1, 0.01, 0.0001)),
)
train_cfg = dict(max_iters=300000)
