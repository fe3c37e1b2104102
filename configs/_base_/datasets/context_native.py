# PASCAL-Context as the authors train and validate on it: images as they are, one at a time, background a class like the others.
_base_ = "context.py"
train_pipeline = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
context = dict(type="AuthorsContextDataset")
train_dataloader = dict(
    batch_size=1,
    sampler=dict(_delete_=True, type="IndependentDraws"),  # at random with replacement, not epoch by epoch
    dataset=dict(**context, pipeline=train_pipeline),
)
val_dataloader = dict(batch_size=1, dataset=context)
test_dataloader = val_dataloader
del context
