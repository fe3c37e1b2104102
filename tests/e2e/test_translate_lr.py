"""tools/translate_lr.py: what it prints for values and for configs, and what it refuses."""

import shlex

import pytest

from fcn_plugin.configs import get_config
from fcn_plugin.preflight.loss_reduction import reduction_warning

TOOL = "translate_lr"
AUTHORS = "--from sum --lr 1e-10 --batch 1 --size 500x375 --momentum 0.99 --weight-decay 5e-4"


def printed(tool, words):
    done = tool(TOOL, *shlex.split(words))
    assert (done.code, done.err) == (0, "")
    return done.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (AUTHORS, "lr=1.875e-05, momentum=0.99, weight_decay=2.66667e-09"),
        (f"{AUTHORS} --to mean --to-batch 4 --to-momentum 0.9", "lr=0.00075, momentum=0.9, weight_decay=2.66667e-09"),
        (f"{AUTHORS} --labelled 0.8", "lr=1.5e-05, momentum=0.99, weight_decay=3.33333e-09"),
        (f"{AUTHORS} --to sum --to-size 250x375", "lr=2e-10, momentum=0.99, weight_decay=0.00025"),
        ("--from mean --lr 1e-3 --size 20x10 --batch 5", "lr=1e-06"),
    ],
)
def test_values(tool, words, line):
    assert printed(tool, words).endswith(f"optim_wrapper = dict(optimizer=dict({line}))\n")


def test_a_config_gives_what_the_command_line_does_not(tool):
    out = printed(tool, "--config reference/fcn16s_vgg16_voc --size 500x375 --to-momentum 0.9")
    assert "from: sum over 1 x 500x375, lr 1e-12, momentum 0.99, weight decay 0.0005" in out
    assert out.endswith("optim_wrapper = dict(optimizer=dict(lr=1.875e-06, momentum=0.9, weight_decay=2.66667e-09))\n")
    changed = "--cfg-options optim_wrapper.optimizer.lr=0.002 train_dataloader.batch_size=3"
    out = printed(tool, f"--config fcn8s_vgg16_voc --momentum 0.5 {changed}")
    height, width = get_config("fcn8s_vgg16_voc").crop_size
    assert f"from: mean over 3 x {width}x{height}, lr 0.002, momentum 0.5" in out


@pytest.mark.parametrize("name", ["fcn8s_vgg16_voc", "reference/fcn32s_vgg16_voc"])
def test_the_command_of_the_warning_corrects_the_config(tool, name):
    cfg = get_config(name)
    loss = cfg.model.decode_head.loss_decode
    losses = [loss] if isinstance(loss, dict) else loss
    for loss in losses:
        loss.reduction = "mean" if loss.get("reduction") == "sum" else "sum"
    command = reduction_warning(cfg).partition("python tools/translate_lr.py ")[2]
    values = {}
    exec(printed(tool, command).partition("in the config:\n")[2], values)
    assert values["model"]["decode_head"]["loss_decode"]["reduction"] == losses[0].reduction
    cfg.merge_from_dict({"optim_wrapper": values["optim_wrapper"]})
    assert reduction_warning(cfg) is None


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ("--lr 1e-10 --size 500x375", "give --config, or --from, --lr and --size"),
        ("--from sum --lr 1e-10", "give --config, or --from, --lr and --size"),
        ("--from sum --lr 1e-10 --size 500", "'500' is not WxH, such as 500x375"),
        ("--from sum --lr 1e-10 --size 500x-3", "'500x-3' is not WxH"),
        ("--from sum --lr 1e-10 --size 500x375 --to-momentum 0.9", "--to-momentum also needs the source's --momentum"),
        ("--from sum --lr 1e-10 --size 500x375 --cfg-options a=1", "--cfg-options needs --config"),
        ("--from sum --lr -1 --size 500x375", "error: [option-value] lr is -1.0: "),
        ("--from sum --lr 1e-10 --size 500x0", "error: [option-value] size is (500, 0): "),
        ("--from sum --lr 1e-10 --size 500x375 --to-batch 0", "error: [option-value] batch is 0: "),
        (f"{AUTHORS} --to-momentum 1", "error: [option-value] momentum is 1.0: "),
        ("--config fcn8s_vgg16bn_minivoc", "trains with 'AdamW'"),
        ("--config reference/fcn8s_vgg16_voc", "--size 500x375 for PASCAL VOC"),
        ("--config fcn8_voc", "error: [config-file] no config 'fcn8_voc'"),
    ],
)
def test_what_is_refused(tool, words, fragment):
    done = tool(TOOL, *shlex.split(words))
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err
    assert "Traceback" not in done.err
