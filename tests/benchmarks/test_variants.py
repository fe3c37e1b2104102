"""Which variants a command line stands for, what they are called, and what each is compared with."""

from benchmarks.variants import Variant, baseline_of, variants_of, varied

OPTIONS = dict(batch=[1], size=[(64, 64)], classes=[21], geometry=["reference", "aligned"], dtype=["fp32", "bf16"])


def test_every_combination():
    found = variants_of(["a", "b"], [], OPTIONS, train=False)
    assert [(v.net, v.geometry, v.dtype) for v in found] == [
        (net, geometry, dtype) for net in "ab" for geometry in ("reference", "aligned") for dtype in ("fp32", "bf16")
    ]


def test_rivals_run_once_for_each_input():
    found = variants_of(["a"], ["plain"], {**OPTIONS, "size": [(64, 64), (96, 64)]}, train=True)
    assert [(v.size, v.dtype) for v in found if v.net == "plain"] == [((64, 64), "fp32"), ((96, 64), "fp32")]
    assert all(v.train for v in found)
    for variant in found:
        base = baseline_of(variant, found)
        assert (base.net, base.size) == ("plain", variant.size)


def test_labels_name_what_differs():
    found = variants_of(["fcn8s_vgg16_voc"], ["plain"], {**OPTIONS, "size": [(64, 64), (96, 64)]}, train=False)
    labels = [variant.label(varied(found)) for variant in found]
    assert labels[:3] == ["plain fp32 64x64", "plain fp32 96x64", "fcn8s_vgg16_voc reference fp32 64x64"]
    assert len(set(labels)) == len(labels)
    one = variants_of(["fcn8s_vgg16_voc"], ["plain"], {"batch": [1]}, train=False)
    assert [variant.label(varied(one)) for variant in one] == ["plain", "fcn8s_vgg16_voc"]


def test_compiled_shows():
    found = [Variant("a"), Variant("a", compile=True)]
    assert [variant.label(varied(found)) for variant in found] == ["a", "a compiled"]
