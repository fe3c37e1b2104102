# The authors' solver of the VGG16 nets: fixed rate for a summed loss, heavy momentum, biases twice as fast and without decay.
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=1e-10, momentum=0.99, weight_decay=0.0005),
    paramwise_cfg=dict(bias_lr_mult=2, bias_decay_mult=0),
    clip_grad=None,
)
param_scheduler = []
train_cfg = dict(type="IterBasedTrainLoop", max_iters=100000, val_interval=4000)
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
