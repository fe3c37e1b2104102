"""The page of ``fcn export --to web`` in Chromium: real files, a real (narrow) net, the label maps that torch gives."""

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image
from support.builders import balance_classes, build_fcn
from support.chromium import MISSING, Chromium
from support.shared import made_once
from support.web import serving_folder

import fcn_plugin
from fcn_plugin.errors import UserError
from fcn_plugin.export.compare import drawn_image
from fcn_plugin.export.metadata import metadata_of
from fcn_plugin.export.web.folder import web_folder
from fcn_plugin.export.write import export
from fcn_plugin.prediction.net import Net

onnx = pytest.importorskip("onnx")
for package in ("onnxscript", "onnxruntime"):
    pytest.importorskip(package)

NAMES, COLOURS = ["road", "sky", "car"], [(128, 64, 128), (128, 128, 128), (0, 0, 142)]
FRAMES = Path(__file__).parents[3] / "shared/datasets/camvid/images/test"
STATUS = "document.getElementById('status').textContent"
READY = f"{STATUS}.startsWith('Ready') && {STATUS}"


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    model = build_fcn()
    balance_classes(model, torch.randn(1, 3, 64, 96))
    return Net(model, [dict(type="PackSegInputs")], NAMES, COLOURS)


def write_channels(path, metadata):
    """A net whose logits are R, G, B, as a file that takes pixels."""
    nodes = [
        ("Transpose", ["image"], ["planes"], dict(perm=[0, 3, 1, 2])),
        ("Cast", ["planes"], ["logits"], dict(to=1)),
    ]
    nodes = [onnx.helper.make_node(kind, *names, **options) for kind, *names, options in nodes]
    image = onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["n", "h", "w", 3])
    logits = onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["n", 3, "h", "w"])
    graph = onnx.helper.make_graph(nodes, "net", [image], [logits])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)
    onnx.helper.set_model_props(model, metadata.texts())
    path.write_bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def site(net, tmp_path_factory):
    """The folder, with a net and one that sees pictures enlarged, and onnxruntime-web, from npm or its cache."""

    def make(folder):
        meta = metadata_of(net.model, NAMES, COLOURS, "labels", True, "narrow_20300101_101010")
        try:
            with pytest.MonkeyPatch.context() as patch, web_folder(folder / "site", offline=True) as nets:
                patch.setattr("fcn_plugin.export.compare.SIZES", ((17, 23), (64, 96)))
                export(net.model, "onnx", nets.next_path(), meta, [drawn_image()])
                nets.add(meta)
                resized = replace(
                    meta, config="resized", output="logits", resize=dict(scale=[160, 140], keep_ratio=True)
                )
                write_channels(nets.next_path(), resized)
                nets.add(resized)
        except UserError as error:
            if error.code not in ("download", "requirements"):
                raise
            return str(error)
        return folder / "site"

    if shutil.which("chromium") is None:
        pytest.skip(MISSING)
    found = made_once(tmp_path_factory, "web", make)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(scope="module")
def browser(site, tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def loaded(browser, site, tmp_path_factory):
    """The browser with the page open and its nets loaded."""
    with serving_folder(site) as address:
        browser.open(address)
        browser.wait(READY)
        downloads = tmp_path_factory.mktemp("downloads")
        browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        browser.downloads, browser.address = downloads, address
        yield browser


def choose(page, path):
    """Choose a picture, and return the page's status when it is shown or refused."""
    page.js(f"{STATUS[:-12]}.textContent = ''")
    page.choose_file("#file", path)
    return page.wait(
        f"({STATUS}.includes('pixels') && {STATUS}.includes('%') || document.querySelector('.bad')) && {STATUS}"
    )


def saved(page, net="narrow"):
    """Save the label map of a net, and return the picture."""
    page.js(f"[...document.querySelectorAll('.save')].find(button => button.ariaLabel.includes({net!r})).click()")
    path, end = page.downloads / f"{net}.png", time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end, list(page.downloads.iterdir())
        time.sleep(0.02)
    image = Image.open(path)
    image.load()
    path.unlink()
    return image


def picture(folder, name, **options):
    """A drawn picture, 96 x 128; ``exif`` turns it."""
    image = Image.fromarray(drawn_image()[:96, :128])
    if options.pop("turned", False):
        exif = image.getexif()
        exif[ExifTags.Base.Orientation] = 6
        options["exif"] = exif
    image = image.convert(options.pop("mode", "RGB"))
    image.save(folder / name, **options)
    return folder / name


PICTURES = {
    "a.png": {},
    "b.jpg": dict(quality=90),
    "turned.jpg": dict(turned=True),
    "grey.png": dict(mode="L"),
    "palette.png": dict(mode="P"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_label_maps_are_torchs(loaded, net, tmp_path, name):
    """To the pixel: the browser decodes, turns and normalises as the package does."""
    path = picture(tmp_path, name, **PICTURES[name])
    choose(loaded, path)
    image, wanted = saved(loaded), net.predict(path).labels
    assert image.mode == "P"
    assert image.getpalette()[:9] == [value for colour in COLOURS for value in colour]
    assert np.array_equal(np.asarray(image), wanted)
    assert len(np.unique(wanted)) == 3


@pytest.mark.parametrize("size", [(128, 96), (300, 120), (97, 131)])
def test_nets_that_see_pictures_in_another_size(loaded, site, tmp_path, size):
    """Enlarged and reduced as OpenCV does, but for a grey level of one pixel in a thousand; scores come back as torch's."""
    path = tmp_path / "a.png"
    Image.fromarray(drawn_image()[: size[1], : size[0]]).save(path)
    choose(loaded, path)
    found, wanted = np.asarray(saved(loaded, "resized")), fcn_plugin.load(site / "net2.onnx").predict(path).labels
    assert found.shape == wanted.shape
    assert (found == wanted).mean() > 0.999
    assert len(np.unique(wanted)) == 3


@pytest.mark.skipif(not FRAMES.is_dir(), reason=f"no frames of CamVid in {FRAMES}")
def test_a_real_frame(loaded, net):
    path = min(FRAMES.glob("*.jpg"))
    assert choose(loaded, path).startswith("480 × 360 pixels.")
    assert np.array_equal(np.asarray(saved(loaded)), net.predict(path).labels)


def test_legend_times_and_views(loaded, net, tmp_path):
    """Of both nets; a screen reader hears the areas, and the slider changes the overlay's opacity."""
    path = picture(tmp_path, "a.png")
    status = choose(loaded, path)
    shares = net.predict(path).areas()
    rows = loaded.js(
        "[...document.querySelectorAll('tbody tr')].map(row => row.innerText.split(/\\s+/).join(' ').trim())"
    )
    wanted = [f"{name} {100 * shares[name] / (96 * 128):.1f} %" for name in NAMES]
    assert rows[:3] == wanted and len(rows) == 6
    assert all(text in status for text in wanted)
    assert loaded.js("[...document.querySelectorAll('h2')].map(head => head.textContent)") == ["narrow", "resized"]
    assert loaded.js("document.querySelector('.photo').getAttribute('aria-label')").count("%") == 3
    assert loaded.js("[...document.querySelectorAll('.time')].every(time => /^\\d+ ms/.test(time.textContent))")
    loaded.js(
        "opacity.value = 25; opacity.dispatchEvent(new Event('input'))".replace(
            "opacity.", "document.getElementById('opacity')."
        )
    )
    assert loaded.js("getComputedStyle(document.querySelector('.overlay')).opacity") == "0.25"


def test_pictures_that_are_none_and_large_ones(loaded, tmp_path):
    (tmp_path / "notes.jpg").write_text("no picture")
    assert choose(loaded, tmp_path / "notes.jpg").startswith("notes.jpg can't be read as a picture")
    Image.new("1", (8000, 6250), 1).save(tmp_path / "large.png")
    loaded.js("document.getElementById('most').value = 250000")
    assert choose(loaded, tmp_path / "large.png").startswith("566 × 442 pixels, scaled down from 8000 × 6250.")
    loaded.js("document.getElementById('most').value = 1000000")


def test_the_camera(loaded):
    """Chromium's own pretends to be one."""
    camera = "document.getElementById('camera')"
    loaded.call("Browser.setPermission", permission=dict(name="camera"), setting="denied")
    loaded.js(f"{camera}.click()")
    assert "was refused" in loaded.wait(f"document.querySelector('.bad') && {STATUS}")
    assert loaded.js(f"{camera}.textContent") == "Use the camera"
    loaded.call("Browser.setPermission", permission=dict(name="camera"), setting="granted")
    loaded.js("document.querySelector('.photo').width = 1")
    loaded.js(f"{camera}.click()")
    loaded.wait("document.querySelector('.photo').width >= 320")
    assert loaded.js(f"[{camera}.textContent, {camera}.ariaPressed, {STATUS}]") == [
        "Stop the camera",
        "true",
        "The camera is on.",
    ]
    loaded.js(f"{camera}.click()")
    assert loaded.js(f"{camera}.ariaPressed") == "false"
    assert saved(loaded).size[0] >= 320


def test_keys_reach_everything(loaded):
    loaded.js("document.activeElement.blur()")
    seen = []
    for _ in range(6):
        for kind in ("keyDown", "keyUp"):
            loaded.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(loaded.js("document.activeElement.id || document.activeElement.className"))
    assert seen == ["file", "camera", "opacity", "most", "save", "save"]
    names = "[...document.querySelectorAll('input, select, button')].every(field => field.labels?.length || field.textContent)"
    assert loaded.js(names)
    assert loaded.js("document.getElementById('status').ariaLive") == "polite"


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(loaded, width):
    loaded.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
    assert loaded.js("document.documentElement.scrollWidth") <= width
    loaded.call("Emulation.clearDeviceMetricsOverride")


def test_nothing_leaves_the_machine(loaded, tmp_path):
    """Neither the page nor the worker, which sees the pictures, may connect to another server."""
    with serving_folder(tmp_path) as elsewhere:
        ask = f"fetch({elsewhere!r}, {{mode: 'no-cors'}}).then(() => 'connected', () => 'refused')"
        assert loaded.js(ask) == "refused"
        loaded.call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)
        attached = (event["params"] for event in loaded.events if event.get("method") == "Target.attachedToTarget")
        (session,) = (event["sessionId"] for event in attached if event["targetInfo"]["type"] == "worker")
        assert loaded.js(ask, session) == "refused"
        assert loaded.js("fetch('nets.json').then(answer => answer.ok)")


FAULTS = {
    "no WebAssembly": (None, b"", "This browser has no WebAssembly"),
    "a list that is missing": ("nets.json", None, "nets.json can't be loaded (404)"),
    "another runtime": (
        "onnxruntime-web/ort.wasm.bundle.min.mjs",
        b"alert('changed')",
        "onnxruntime-web 1.30.0 can't be loaded",
    ),
    "a net that is missing": ("net2.onnx", None, "the net net2.onnx can't be loaded from"),
    "a net that is damaged": ("net1.onnx", b"no net", "net1.onnx is no net that this page can run"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_one_message(browser, site, tmp_path, fault):
    name, content, message = FAULTS[fault]
    copied = shutil.copytree(site, tmp_path / "site")
    script = None
    if name is None:
        script = browser.call("Page.addScriptToEvaluateOnNewDocument", source="delete window.WebAssembly")["identifier"]
    elif content is None:
        (copied / name).unlink()
    else:
        (copied / name).write_bytes(content)
    with serving_folder(copied) as address:
        browser.open(address)
        found = browser.wait(f"document.querySelector('.bad') && {STATUS}")
        browser.open("about:blank")
    if script:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    assert found.startswith(message)


def test_what_the_page_knows_of_a_net(site):
    known = json.loads((site / "nets.json").read_text())
    assert known["runtime"]["base"] == "onnxruntime-web/"
    assert [entry["file"] for entry in known["nets"]] == ["net1.onnx", "net2.onnx"]
    first = known["nets"][0]
    assert (first["name"], first["classes"], first["palette"][0]) == ("narrow", NAMES, [128, 64, 128])
    assert (first["input"], first["channel_order"]) == ("rgb", "RGB")
