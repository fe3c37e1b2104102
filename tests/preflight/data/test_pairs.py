"""Lists that mean one size become tuples; lists of several sizes, and entries of other names, stay as they are."""

from mmengine.config import Config

from fcn_plugin.preflight.data.pairs import lists_to_pairs


def test_sizes_of_pipelines_inside_wrappers_too():
    steps = [
        dict(type="RandomResize", scale=[64, 48], ratio_range=[0.5, 2.0]),
        dict(type="RandomResize", scale=[(64, 48), (32, 24)]),
        dict(type="RandomChoiceResize", scales=[32, 64]),
        dict(type="RandomCrop", crop_size=[33, 33]),
        dict(type="RandomCrop", crop_size=33),
    ]
    branches = [[dict(type="Resize", scale=[32, 32])]]
    inner = dict(type="RepeatDataset", dataset=dict(pipeline=steps))
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(datasets=[inner])),
            tta_pipeline=[dict(type="TestTimeAug", transforms=branches)],
        )
    )
    lists_to_pairs(cfg)
    found = cfg.train_dataloader.dataset.datasets[0].dataset.pipeline
    assert (found[0].scale, found[0].ratio_range) == ((64, 48), (0.5, 2.0))
    assert found[1].scale == [(64, 48), (32, 24)]
    assert found[2].scales == [32, 64]
    assert (found[3].crop_size, found[4].crop_size) == ((33, 33), 33)
    assert cfg.tta_pipeline[0].transforms[0][0].scale == (32, 32)
    assert cfg.get("val_dataloader") is None
