# Test-time augmentation for tools/test.py --tta: scores averaged over scales and flips.
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
