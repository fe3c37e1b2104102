# The authors' FCN-32s on NYUDv2, HHA, from the ILSVRC VGG16 (CVPR 2015, PAMI 2016). Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_vgg16_nyud_hha.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/nyud_bands.py",
    "../_base_/schedules/schedule_reference_nyud.py",
    "../_base_/default_runtime.py",
]
hha = dict(data_prefix=dict(img_path="hha"))
train_dataloader = dict(dataset=hha)
val_dataloader = dict(dataset=hha)
test_dataloader = val_dataloader
model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type="FCNBandsPreProcessor",
        mean=[132.431, 94.076, 118.477],  # disparity, height, angle: the file's order
        std=[1.0, 1.0, 1.0],
        rgb=(),  # none is a colour
        seg_pad_val=255,
    ),
    pretrained="data/weights/VGG_ILSVRC_16_layers.caffemodel",
    other_images=True,  # as they are: its three kernels are for B, G, R
    decode_head=dict(streams=("fr",), num_classes=40),
)
del hha
