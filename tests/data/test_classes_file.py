"""Files of classes: names and colours by value, and errors that name the line."""

import pytest

from fcn_plugin.data.classes_file import read_classes
from fcn_plugin.errors import UserError


@pytest.mark.parametrize(
    ("text", "class_map", "palette"),
    [
        ("sea\nsand \n\n", {0: "sea", 1: "sand"}, None),
        ("id\nname\n", {0: "id", 1: "name"}, None),
        ("id,name\n7,sand\n0,sea\n", {0: "sea", 7: "sand"}, None),
        ("\ufeffid,name\n0,sea\n\n7,sea\n", {0: "sea", 7: "sea"}, None),
        ("ID, Name\n0, deep sea \n", {0: "deep sea"}, None),
        ("id;name\n0;sea, deep\n", {0: "sea, deep"}, None),
        ('id,name\n0,"sea, deep"\n', {0: "sea, deep"}, None),
        (
            "id,name,red,green,blue\n255,sand,1,2,3\n0,sea,0,0,255\n",
            {0: "sea", 255: "sand"},
            [[0, 0, 255], [1, 2, 3]],
        ),
    ],
)
def test_reads(tmp_path, text, class_map, palette):
    path = tmp_path / "classes.csv"
    path.write_text(text, encoding="utf-8")
    found, colours = read_classes(path)
    assert list(found.items()) == list(class_map.items())
    assert colours == palette


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is empty"),
        ("sea\n\nsand\n", "line 2 is empty"),
        ("sea\nsand\nsea\n", "line 3: 'sea' stands in line 1 too"),
        ("0,sea\n", "line 1: '0,sea' is no class name; a CSV starts with the line id,name,red,green,blue"),
        ("id,name,red\n0,sea,1\n", "line 1: the columns are id, name, red"),
        ("id,name\n", "names no class"),
        ("id,name\n0,sea\n1\n", "line 3 has 1 cells, the header 2: 1"),
        ("id,name\nx,sea\n", "line 2: id is 'x': give a whole number from 0 to 65535"),
        ("id,name\n65536,sea\n", "line 2: id is '65536'"),
        ("id,name\n0, \n", "line 2: id 0 has no name"),
        ("id,name\n0,sea\n0,sand\n", "line 3: id 0 is 'sea' already"),
        ("id,name,red,green,blue\n0,sea,0,0,256\n", "line 2: blue is '256': give a whole number from 0 to 255"),
    ],
)
def test_refuses(tmp_path, text, message):
    path = tmp_path / "classes.csv"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_classes(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_files_that_are_no_text(tmp_path):
    with pytest.raises(UserError, match=r"no file of classes at .*none\.txt: write one class name a line"):
        read_classes(tmp_path / "none.txt")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(UserError, match=r"a\.png can't be read as a file of classes"):
        read_classes(tmp_path / "a.png")
