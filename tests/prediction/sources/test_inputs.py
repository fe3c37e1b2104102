"""What words of the command line stand for, and what results are named."""

import io

import pytest
from support.fake_net import save_image
from support.refusals import refused

from fcn_plugin.prediction.sources.inputs import Input, find_inputs


@pytest.fixture
def trip(tmp_path):
    for name in ("day1/a.png", "day1/b.png", "day2/a.JPG"):
        save_image(tmp_path / "trip" / name, 0)
    (tmp_path / "trip/clip.mp4").touch()
    return tmp_path / "trip"


def names(*words):
    return [source.name for source in find_inputs(list(map(str, words)))]


def test_folders_files_and_patterns(trip):
    assert names(trip) == ["day1/a", "day1/b", "day2/a"]
    assert names(trip / "day1/a.png", trip / "day1/*.png") == ["a", "b"]
    assert names(trip / "*.mp4") == ["clip"]


def test_what_is_left_out_of_folders(trip, tmp_path):
    for name in ("._a.png", ".cache/a.png", "__MACOSX/a.png", "out/masks/a.png"):
        save_image(trip / name, 0)
    (trip / "link").symlink_to(tmp_path / "else")
    save_image(tmp_path / "else/c.jfif", 0)
    found = find_inputs([str(trip)], leave_out=[trip / "out", trip / "none"])
    assert [source.name for source in found] == ["day1/a", "day1/b", "day2/a", "link/c"]


def test_lists_name_results_after_the_folder_that_all_files_share(trip, tmp_path, monkeypatch):
    lines = f"{trip}/day1/a.png\n\n{trip}/day2/a.JPG\nhttps://host/x/c.png?size=2\n{trip}/day2/gone.png\n"
    (tmp_path / "list.txt").write_text("\ufeff" + lines, encoding="utf-8")
    wanted = ["day1/a", "day2/a", "c", "day2/gone"]
    assert names(f"@{tmp_path / 'list.txt'}") == wanted
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert names("-") == wanted


@pytest.mark.parametrize(
    "word, kind, name",
    [
        ("camera:0", "camera", "camera_0"),
        ("rtsp://me:secret@host:554/live.sdp?key=1", "stream", "host_554_live_sdp"),
        ("http://host/video.mp4", "stream", "host_video_mp4"),
        ("https://host/a/b.c.JPG?x=1.txt", "link", "b_c"),
        ("a/scan.TIFF", "tiff", "a/scan"),
        ("a/b.mkv", "video", "a/b"),
        ("a/b.png", "image", "a/b"),
    ],
)
def test_kinds_and_names(word, kind, name):
    source = Input("", word)
    assert (source.kind, source.name, source.is_video) == (kind, name, kind in ("camera", "stream", "video"))


@pytest.mark.parametrize(
    "code, word, fragment",
    [
        ("download", "http://me:secret@host/a.png", "http://host/a.png"),
        ("option-value", "camera:front", "camera:front"),
        ("file-missing", "gone.png", "gone.png"),
        ("list-file", "@gone.txt", "gone.txt"),
    ],
)
def test_words_that_name_nothing(code, word, fragment):
    with refused(code, fragment) as error:
        find_inputs([word])
    assert "secret" not in error.value.message


def test_lists_that_name_nothing(tmp_path):
    for content in (b"\n \n", b"\xff\xfe"):
        (tmp_path / "list.txt").write_bytes(content)
        with refused("list-file", tmp_path / "list.txt"):
            find_inputs([f"@{tmp_path / 'list.txt'}"])


def test_results_of_one_name(trip, tmp_path):
    both = trip / "day1/a.png", trip / "day2/a.JPG"
    with refused("output-exists", *both):
        find_inputs(list(map(str, both)))
    save_image(tmp_path / "clip/000000.png", 0)
    save_image(tmp_path / "clip.png", 0)
    assert names(trip / "clip.mp4", tmp_path / "clip.png") == [
        "clip",
        "clip",
    ]  # masks/clip/000000.png and masks/clip.png
    with refused("output-exists", trip / "clip.mp4", "clip/"):
        (tmp_path / "list.txt").write_text(f"{tmp_path}/clip/000000.png\n{tmp_path}/a.png\n")
        find_inputs([str(trip / "clip.mp4"), f"@{tmp_path / 'list.txt'}"])
