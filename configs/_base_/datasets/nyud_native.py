# NYUDv2, 40 classes, as the authors train and test on it: 795 images of train and val, 654 of test, 560 x 425, one at a time.
data_root = "data/nyud"
pipeline = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
nyud = dict(
    type="NYUDDataset",
    data_root=data_root,
    data_prefix=dict(img_path="images", seg_map_path="labels"),
    pipeline=pipeline,
)
train_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="IndependentDraws"),  # at random with replacement, not epoch by epoch
    dataset=dict(**nyud, ann_file="trainval.txt"),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),  # no image counted twice
    dataset=dict(**nyud, ann_file="test.txt"),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="FCNMetric")
test_evaluator = val_evaluator
del nyud
