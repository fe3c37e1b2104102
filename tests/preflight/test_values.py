"""Values that no run can have are refused by their place."""

import pytest
from mmengine.config import Config

from fcn_plugin.configs import config_dir, get_config
from fcn_plugin.errors import UserError
from fcn_plugin.preflight.values import check_values

CONFIGS = sorted(str(path) for path in (*config_dir().glob("*.py"), *config_dir().glob("reference/*.py")))


@pytest.mark.parametrize(
    "key, value",
    [
        *[("train_cfg.max_iters", value) for value in (0, -1, 1.5, "10", True)],
        ("train_cfg.max_epochs", 0),
        ("train_cfg.val_interval", 0),
        *[("train_dataloader.batch_size", value) for value in (0, "two", [2])],
        ("val_dataloader.num_workers", -1),
        *[("optim_wrapper.optimizer.lr", value) for value in ("fast", -0.1)],
    ],
)
def test_refused(key, value):
    cfg = get_config("fcn8s_vgg16_minivoc")
    cfg.merge_from_dict({key: value})
    with pytest.raises(UserError, match=rf"fcn8s_vgg16_minivoc.py: {key} is .*: give a"):
        check_values(cfg)


def test_what_is_not_there_passes():
    check_values(Config())
    check_values(Config(dict(train_cfg=None, train_dataloader=dict(batch_size=1, num_workers=0))))
    check_values(Config(dict(optim_wrapper=dict(optimizer=dict(lr=0)))))


@pytest.mark.parametrize("name", CONFIGS)
def test_shipped_configs(name):
    check_values(get_config(name))
