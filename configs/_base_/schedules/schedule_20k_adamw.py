# AdamW with poly decay: light nets with batch norm.
max_iters = 20000
warmup = 500
optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="AdamW", lr=1e-3, weight_decay=0.02, fused=True), clip_grad=None
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=warmup, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=warmup, end=max_iters, by_epoch=False),
]
train_cfg = dict(type="IterBasedTrainLoop", max_iters=max_iters, val_interval=1000)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
