# FCN-8s on ResNet-50, as on any backbone of mmpretrain with outputs of strides 8, 16 and 32.
model = dict(
    type="FCN",
    geometry="aligned",
    # of the convolutions: fp32, bf16 (CPU and GPU), fp16 (GPU) or auto; sums of scores, upsampling and losses stay float32
    precision="fp32",
    data_preprocessor=dict(
        type="SegDataPreProcessor",
        # ImageNet statistics of torchvision's weights, RGB
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=1,  # batches of unequal crops; the net pads to its stride itself
    ),
    backbone=dict(
        type="mmpretrain.ResNet",
        depth=50,
        out_indices=(1, 2, 3),
    ),
    neck=dict(type="FCNSkipNeck", in_channels=(512, 1024, 2048), fc_channels=None, dropout_ratio=0.1),
    decode_head=dict(
        type="FCNSkipHead",
        streams=("fr", "layer3", "layer2"),
        in_channels=dict(fr=2048, layer3=1024, layer2=512),
        strides=dict(fr=32, layer3=16, layer2=8),
        num_classes=21,
        loss_decode=dict(type="FCNCrossEntropyLoss"),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="whole"),
)
tta_model = dict(type="SegTTAModel")
