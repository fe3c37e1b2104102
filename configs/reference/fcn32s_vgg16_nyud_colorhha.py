# The authors' FCN-32s on NYUDv2, late fusion: the trained nets for colour and for HHA, the mean of their scores, trained together
# (CVPR 2015, PAMI 2016). Not trained here: no score.
#   python tools/train.py configs/reference/fcn32s_vgg16_nyud_colorhha.py --cfg-options \
#       model.pretrained.color=PATH model.pretrained.hha=PATH
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/nyud_bands.py",
    "../_base_/schedules/schedule_reference_nyud.py",
    "../_base_/default_runtime.py",
]
both = dict(data_prefix=dict(img_path="color_hha"), img_suffix=".npz")
train_dataloader = dict(dataset=both)
val_dataloader = dict(dataset=both)
test_dataloader = val_dataloader
model = dict(
    type="FCNFusion",
    trunks=dict(color=dict(bands=3), hha=dict(bands=3)),
    data_preprocessor=dict(
        _delete_=True,
        type="FCNBandsPreProcessor",
        mean=[116.190, 97.203, 92.318, 132.431, 94.076, 118.477],  # B, G, R, disparity, height, angle
        std=[1.0] * 6,
        rgb=(3, 2, 1),
        seg_pad_val=255,
    ),
    pretrained=dict(
        color="data/weights/fcn32s_vgg16_nyud_color.pth",  # the best checkpoints of the two nets
        hha="data/weights/fcn32s_vgg16_nyud_hha.pth",
    ),
    decode_head=dict(streams=("fr",), num_classes=40),
)
optim_wrapper = dict(optimizer=dict(lr=1e-12))  # a hundredth of the parents'
del both
