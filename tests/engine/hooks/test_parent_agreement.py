"""A finer net that does not start as its parent is stopped before its first step."""

import re
from types import SimpleNamespace

import pytest
import torch
from support.builders import STREAMS, build_fcn, fcn_config, sample
from support.refusals import refused

from fcn_plugin.engine.hooks.parent_agreement import ParentAgreementHook

SIZE = (160, 192)


class Log:
    """Keeps what a runner logs."""

    def __init__(self):
        self.lines = []

    def info(self, text):
        self.lines.append(text)

    warning = info


def loader(batches=3, batch_size=2, size=SIZE):
    generator = torch.Generator().manual_seed(0)
    made = []
    for _ in range(batches):
        images = [torch.randint(0, 256, (3, *size), generator=generator).byte() for _ in range(batch_size)]
        labels = [torch.randint(0, 3, size, generator=generator) for _ in range(batch_size)]
        labels[0][:8] = 255
        samples = [sample(label, ori_shape=size, img_shape=size) for label in labels]
        made.append(dict(inputs=images, data_samples=samples))
    return made


def child_of(parent, streams, geometry="aligned"):
    """A finer net with its parent's weights: the new skip scores zero."""
    child = build_fcn(streams, geometry)
    with torch.no_grad():
        getattr(child.decode_head, f"score_{streams[-1]}").weight.zero_()
        getattr(child.decode_head, f"score_{streams[-1]}").bias.zero_()
    child.load_state_dict(parent.state_dict(), strict=False)
    return child.train()


@pytest.fixture
def parent(tmp_path):
    net = build_fcn(STREAMS["32s"])
    with torch.no_grad():  # quieter maps: a trained net's borders are a small part of an image
        net.decode_head.score_fr.weight *= 0.5
    torch.save(dict(state_dict=net.state_dict()), tmp_path / "32s.pth")
    return net, str(tmp_path / "32s.pth")


def check(child, checkpoint, batches=None, it=0, **options):
    runner = SimpleNamespace(iter=it, model=child, val_dataloader=batches or loader(), logger=Log())
    hook = ParentAgreementHook(fcn_config(STREAMS["32s"]).model, checkpoint, **options)
    hook.before_train(runner)
    return runner.logger.lines


def test_a_child_with_its_parents_weights_passes(parent):
    net, checkpoint = parent
    child = child_of(net, STREAMS["16s"])
    before = {name: tensor.clone() for name, tensor in child.state_dict().items()}
    (line,) = check(child, checkpoint)
    assert (
        f"predicts the same as its parent {checkpoint}: 100.00 % of pixels get the same label along the same upsampling"
        in line
    )
    plain = float(re.search(r"(\S+) % along each net's own", line)[1])
    assert 98 <= plain < 100  # x2 and then x16 is not x32
    assert child.training
    assert all(torch.equal(before[name], tensor) for name, tensor in child.state_dict().items())


def test_a_parent_layer_left_out_is_noticed(parent):
    net, checkpoint = parent
    child = child_of(net, STREAMS["16s"])
    torch.nn.init.zeros_(child.decode_head.score_fr.weight)
    with refused("parent-agreement", "32s.pth"):
        check(child, checkpoint)


def test_a_skip_that_does_not_start_at_zero_is_noticed(parent):
    net, checkpoint = parent
    child = child_of(net, STREAMS["16s"])
    torch.nn.init.constant_(child.decode_head.score_pool4.bias[0], 10.0)
    with refused("parent-agreement", "32s.pth"):
        check(child, checkpoint)


@pytest.mark.parametrize("usual", [dict(usual_agreement=1.0), dict(usual_loss=0.0)])
def test_what_upsampling_alone_changes_gets_a_warning(parent, usual):
    """On small images it changes much, and it is no fault of the net."""
    net, checkpoint = parent
    first, second = check(child_of(net, STREAMS["16s"]), checkpoint, **usual)
    assert "predicts the same as its parent" in first
    assert "upsampling in two steps changes more than usual" in second


@pytest.mark.parametrize("geometry", ["aligned", "reference"])
@pytest.mark.parametrize("size", [(64, 64), (75, 130)])
def test_any_size_and_geometry_agrees_along_one_upsampling(tmp_path, geometry, size):
    parent = build_fcn(STREAMS["16s"], geometry)
    torch.save(dict(state_dict=parent.state_dict()), tmp_path / "16s.pth")
    child = child_of(parent, STREAMS["8s"], geometry)
    runner = SimpleNamespace(iter=0, model=child, val_dataloader=loader(1, size=size), logger=Log())
    ParentAgreementHook(fcn_config(STREAMS["16s"], geometry).model, str(tmp_path / "16s.pth")).before_train(runner)
    assert ": 100.00 % of pixels get the same label along the same upsampling" in runner.logger.lines[0]


def test_a_resumed_net_is_not_compared(parent):
    net, checkpoint = parent
    child = child_of(net, STREAMS["16s"])
    torch.nn.init.zeros_(child.decode_head.score_fr.weight)
    assert check(child, checkpoint, it=1) == []


def test_no_more_images_are_read_than_asked_for(parent):
    net, checkpoint = parent
    read = []

    def batches():
        for batch in loader():
            read.append(batch)
            yield batch

    check(child_of(net, STREAMS["16s"]), checkpoint, batches=batches(), images=3)
    assert len(read) == 2


def test_every_class_and_void_in_the_comparison(parent):
    """A split without a single labelled pixel has a mean IU of 0 for both, and still its label maps."""
    net, checkpoint = parent
    batches = loader(1)
    for labelled in batches[0]["data_samples"]:
        labelled.gt_sem_seg.data[:] = 255
    (line,) = check(child_of(net, STREAMS["16s"]), checkpoint, batches=batches)
    assert "mean IU 0.00 (parent) and 0.00 (this net)" in line
