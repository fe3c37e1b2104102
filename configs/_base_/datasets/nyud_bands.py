# NYUDv2 as images of more than colour; the leaf names their folder.
_base_ = "nyud_native.py"
pipeline = [dict(type="FCNLoadBands"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = val_dataloader
