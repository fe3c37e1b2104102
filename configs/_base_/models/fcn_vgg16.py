# FCN on VGG16, all streams at hand; the leaf config names those that take part.
data_preprocessor = dict(
    type="SegDataPreProcessor",
    # ImageNet statistics of torchvision's weights, RGB
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size_divisor=1,  # batches of unequal crops; the net pads to its stride itself
)
model = dict(
    type="FCN",
    geometry="aligned",
    # of the convolutions: fp32, bf16 (CPU and GPU), fp16 (GPU) or auto; sums of scores, upsampling and losses stay float32
    precision="fp32",
    data_preprocessor=data_preprocessor,
    backbone=dict(
        type="mmpretrain.VGG",
        depth=16,
        out_indices=(2, 3, 4),  # pool3, pool4, pool5
        ceil_mode=True,  # Caffe's pooling rounds up; without effect on sizes that the stride divides
    ),
    neck=dict(type="FCNSkipNeck", in_channels=(256, 512, 512), fc_channels=4096),
    decode_head=dict(
        type="FCNSkipHead",
        streams=("fr", "pool4", "pool3"),
        in_channels=dict(fr=4096, pool4=512, pool3=256),
        strides=dict(fr=32, pool4=16, pool3=8),
        num_classes=21,
        loss_decode=dict(type="FCNCrossEntropyLoss"),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="whole"),
)
