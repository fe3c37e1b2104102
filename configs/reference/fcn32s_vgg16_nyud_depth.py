# The authors' FCN-32s on NYUDv2, colour and depth joined at the input (early fusion), from the ILSVRC VGG16 (CVPR 2015,
# PAMI 2016). Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_vgg16_nyud_depth.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/nyud_bands.py",
    "../_base_/schedules/schedule_reference_nyud.py",
    "../_base_/default_runtime.py",
]
depth = dict(data_prefix=dict(img_path="color_depth"), img_suffix=".npz")
train_dataloader = dict(dataset=depth)
val_dataloader = dict(dataset=depth)
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type="FCNBandsPreProcessor",
        mean=[116.190, 97.203, 92.318, 7.844],  # B, G, R, ln(depth in mm)
        std=[1.0, 1.0, 1.0, 1.0],
        rgb=(3, 2, 1),
        seg_pad_val=255,
    ),
    pretrained="data/weights/VGG_ILSVRC_16_layers.caffemodel",
    other_images=True,  # as they are: the fourth kernel is the mean of its three
    decode_head=dict(streams=("fr",), num_classes=40),
)
del depth
