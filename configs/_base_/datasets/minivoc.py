# The built-in data in VOC's layout: 200 train and 50 val drawings of 160 x 128, ten of VOC's classes.
data_root = "data/minivoc/VOC2012"
data_help = "Draw it: python tools/dataset_converters/make_minivoc.py"
folders = dict(img_path="JPEGImages", seg_map_path="SegmentationClass")
load = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations")]
train_pipeline = [*load, dict(type="RandomFlip", prob=0.5), dict(type="PackSegInputs")]
test_pipeline = [*load, dict(type="PackSegInputs")]
tta_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0, direction="horizontal")],
            [dict(type="FCNLoadAnnotations")],
            [dict(type="PackSegInputs")],
        ],
    ),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="PascalVOCDataset",
        data_root=data_root,
        data_prefix=folders,
        ann_file="ImageSets/Segmentation/train.txt",
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),  # no image counted twice
    dataset=dict(
        type="PascalVOCDataset",
        data_root=data_root,
        data_prefix=folders,
        ann_file="ImageSets/Segmentation/val.txt",
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="FCNMetric")
test_evaluator = val_evaluator
