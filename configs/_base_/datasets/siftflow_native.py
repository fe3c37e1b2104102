# SIFT Flow as the authors train and score it: 2,486 trainval and 200 test images of 256 x 256, one at a time; two masks each.
data_root = "data/sift-flow"
pipeline = [dict(type="LoadImageFromFile"), dict(type="TasksLoadAnnotations"), dict(type="TasksPackSegInputs")]
siftflow = dict(
    type="SIFTFlowDataset",
    data_root=data_root,
    data_prefix=dict(img_path="Images/spatial_envelope_256x256_static_8outdoorcategories", seg_map_path="labels"),
    img_suffix=".jpg",
    seg_map_suffix=".png",
    pipeline=pipeline,
)
train_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="IndependentDraws"),  # at random with replacement, not epoch by epoch
    dataset=dict(**siftflow, ann_file="trainval.txt"),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),  # no image counted twice
    dataset=dict(**siftflow, ann_file="test.txt"),  # as the authors do: there is no other list
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type="FCNMetric", task="semantic", leave_out=("cow", "desert", "moon")),  # absent from the test images
    dict(type="FCNMetric", task="geometric"),
]
test_evaluator = val_evaluator
del siftflow
