# The authors' FCN-32s on NYUDv2, colour, from the ILSVRC VGG16 (CVPR 2015, PAMI 2016). Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_vgg16_nyud_color.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/nyud_native.py",
    "../_base_/schedules/schedule_reference_nyud.py",
    "../_base_/default_runtime.py",
]
model = dict(
    data_preprocessor=dict(mean=[116.190, 97.203, 92.318]),  # B, G, R of NYUDv2
    pretrained="data/weights/VGG_ILSVRC_16_layers.caffemodel",
    other_images=True,  # which expects ImageNet's mean
    decode_head=dict(streams=("fr",), num_classes=40),
)
