# SGD with momentum and poly decay, as mmseg's schedules, after a linear warm-up.
max_iters = 80000
warmup = 500  # new score layers on a pretrained backbone
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=0.01, momentum=0.9, weight_decay=0.0005),
    clip_grad=None,
)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, begin=0, end=warmup, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=warmup, end=max_iters, by_epoch=False),
]
train_cfg = dict(type="IterBasedTrainLoop", max_iters=max_iters, val_interval=2000)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
