# The authors' VGG16 nets for SIFT Flow to the pixel, as fcn_vgg16_reference.py: two tasks on shared streams, summed losses.
_base_ = "fcn_vgg16.py"
# B, G, R of SIFT Flow; the authors' nets divide by nothing
data_preprocessor = dict(mean=[114.578, 115.294, 108.353], std=[1.0, 1.0, 1.0], bgr_to_rgb=False)
model = dict(
    geometry="reference",
    data_preprocessor=data_preprocessor,
    decode_head=dict(
        type="FCNTasksHead",
        num_classes=36,  # of both tasks
        tasks=dict(semantic=dict(num_classes=33), geometric=dict(num_classes=3)),
        loss_decode=dict(reduction="sum"),  # of each task, over the image
    ),
)
