custom_imports = dict(imports=["fcn_plugin"], allow_failed_imports=False)
default_scope = "mmseg"
runner_type = "FCNRunner"
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),  # gloo where there is no GPU
)
vis_backends = [dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")]
visualizer = dict(type="FCNVisualizer", vis_backends=vis_backends)
log_processor = dict(type="FCNLogProcessor", by_epoch=False)
log_level = "INFO"
load_from = None
resume = False
randomness = dict(seed=0)
# an image or mask that can't be used: "stop" with its name, or "skip" it and list it at the end
broken_files = "stop"
gradient_compression = None  # "bf16" or "fp16": processes send gradients in half the bytes
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(
        type="FCNCheckpointHook",
        by_epoch=False,
        interval=2000,
        max_keep_ckpts=2,  # the last one, and one to fall back on
        save_best="mIoU",
        rule="greater",
    ),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    finite_loss=dict(type="FiniteLossHook", priority="VERY_HIGH"),  # before a checkpoint is written
    missed_validation=dict(type="MissedValidationHook"),
    step_seed=dict(type="StepSeedHook"),  # a resumed run draws what it would have drawn
    visualization=dict(type="FCNVisualizationHook", images=2),  # of each validation: image | truth | prediction
    stop=dict(type="StopHook"),  # SIGTERM, SIGINT, SIGUSR1: a checkpoint, and exit code 99
)
# test-time augmentation for tools/test.py --tta: scores averaged over scales and flips
tta_model = dict(type="FCNTTAModel")
tta_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(
        type="TestTimeAug",
        transforms=[
            [dict(type="Resize", scale_factor=ratio, keep_ratio=True) for ratio in (0.75, 1.0, 1.25)],
            [dict(type="RandomFlip", prob=prob, direction="horizontal") for prob in (0.0, 1.0)],
            [dict(type="FCNLoadAnnotations")],
            [dict(type="PackSegInputs")],
        ],
    ),
]
