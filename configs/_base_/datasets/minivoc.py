# The built-in data: 200 train and 50 val drawings with ten of VOC's classes, all of one size, 160 x 128.
data_root = "data/minivoc/VOC2012"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackSegInputs"),
]
test_pipeline = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
minivoc = dict(
    type="PascalVOCDataset",
    data_root=data_root,
    data_prefix=dict(img_path="JPEGImages", seg_map_path="SegmentationClass"),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(**minivoc, ann_file="ImageSets/Segmentation/train.txt", pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),  # no image counted twice
    dataset=dict(**minivoc, ann_file="ImageSets/Segmentation/val.txt", pipeline=test_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="FCNMetric")
test_evaluator = val_evaluator
del minivoc
