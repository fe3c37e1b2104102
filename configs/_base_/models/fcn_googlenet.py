# FCN-32s on GoogLeNet: scores on the last inception output, without the average pooling (CVPR 2015, sec. 4.1).
model = dict(
    type="FCN",
    geometry="aligned",
    # of the convolutions: fp32, bf16 (CPU and GPU), fp16 (GPU) or auto; sums of scores, upsampling and losses stay float32
    precision="fp32",
    data_preprocessor=dict(
        type="SegDataPreProcessor",
        # torchvision's GoogLeNet was trained on RGB from -1 to 1, unlike its other nets
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size_divisor=1,  # batches of unequal crops; the net pads to its stride itself
    ),
    backbone=dict(type="GoogLeNet", style="torchvision", out_indices=(2,)),  # inception5b
    neck=dict(type="FCNSkipNeck", in_channels=(1024,), fc_channels=None, scales=(1,), dropout_ratio=0.4),
    decode_head=dict(
        type="FCNSkipHead",
        streams=("fr",),
        in_channels=dict(fr=1024),
        strides=dict(fr=32),
        num_classes=21,
        loss_decode=dict(type="FCNCrossEntropyLoss"),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="whole"),
)
tta_model = dict(type="SegTTAModel")
