# FCN-32s on AlexNet; streams at strides 8 (pool1) and 16 (pool2) are at hand through out_indices.
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
    backbone=dict(type="AlexNet", style="torchvision", out_indices=(2,)),  # pool5
    neck=dict(type="FCNSkipNeck", in_channels=(256,), fc_channels=4096, fc6_kernel=6, scales=(1,)),
    decode_head=dict(
        type="FCNSkipHead",
        streams=("fr",),
        in_channels=dict(fr=4096),
        strides=dict(fr=32),
        num_classes=21,
        loss_decode=dict(type="FCNCrossEntropyLoss"),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="whole"),
)
tta_model = dict(type="SegTTAModel")
