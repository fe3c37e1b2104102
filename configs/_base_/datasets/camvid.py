# CamVid, 11 classes, 480 x 360: 367 train, 101 val and 233 test frames; id 11 is void.
data_root = "data/camvid"
ignore_ids = (11, 255)  # what counts for nothing: 11 is "unlabelled"; any other id beyond 0 .. 10 is an error
crop_size = (256, 256)  # a multiple of 32: nothing is spent on padding
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    # a smaller scale shows more of the street, a larger one the poles and signs
    dict(type="RandomResize", scale=(480, 360), ratio_range=(0.6, 1.4), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
test_pipeline = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
camvid = dict(type="CamVidDataset", ignore_ids=ignore_ids, data_root=data_root)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        **camvid, data_prefix=dict(img_path="images/train", seg_map_path="annotations/train"), pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),  # no image counted twice
    dataset=dict(
        **camvid, data_prefix=dict(img_path="images/val", seg_map_path="annotations/val"), pipeline=test_pipeline
    ),
)
# choose on val; for the one figure on test: --cfg-options test_dataloader.dataset.data_prefix.img_path=images/test ...
test_dataloader = val_dataloader
val_evaluator = dict(type="FCNMetric")
test_evaluator = val_evaluator
del camvid
