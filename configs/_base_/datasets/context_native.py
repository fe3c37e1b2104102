# PASCAL-Context as the authors train and validate on it: images as they are, one at a time, background a class like the others.
_base_ = "context.py"
train_pipeline = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
# the order of the authors' nets, VOC's classes first; ids of files, in the order of names, are permuted to it
classes = ["background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "table", "dog", "horse"]
classes += ["motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor", "bag", "bed", "bench", "book", "building"]
classes += ["cabinet", "ceiling", "cloth", "computer", "cup", "door", "fence", "floor", "flower", "food", "grass", "ground", "keyboard"]
classes += ["light", "mountain", "mouse", "curtain", "platform", "sign", "plate", "road", "rock", "shelves", "sidewalk", "sky", "snow"]
classes += ["bedclothes", "track", "tree", "truck", "wall", "water", "window", "wood"]
context = dict(type="PascalContextDataset", metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=1,
    sampler=dict(_delete_=True, type="IndependentDraws"),  # at random with replacement, not epoch by epoch
    dataset=dict(**context, pipeline=train_pipeline),
)
val_dataloader = dict(batch_size=1, dataset=context)
test_dataloader = val_dataloader
del context, classes
