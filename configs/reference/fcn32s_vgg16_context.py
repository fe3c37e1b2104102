# The authors' FCN-32s on PASCAL-Context, from the ILSVRC VGG16 (PAMI 2016). Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_vgg16_context.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/context_native.py",
    "../_base_/schedules/schedule_reference_400k.py",
    "../_base_/default_runtime.py",
]
model = dict(
    pretrained="data/weights/VGG_ILSVRC_16_layers.caffemodel", decode_head=dict(streams=("fr",), num_classes=60)
)
