"""Files of classes: names and colours by value, and errors that name the line."""

import os

import pytest
from support.refusals import refused

from fcn_plugin.data.class_map_dataset import read_list
from fcn_plugin.data.classes_file import read_classes


@pytest.mark.parametrize(
    ("text", "class_map", "colours"),
    [
        ("sea\nsand \n\n", {0: "sea", 1: "sand"}, None),
        ("id\nname\n", {0: "id", 1: "name"}, None),
        ("id,name\n7,sand\n0,sea\n", {0: "sea", 7: "sand"}, None),
        ("\ufeffid,name\n0,sea\n\n7,sea\n", {0: "sea", 7: "sea"}, None),
        ("ID, Name\n0, deep sea \n", {0: "deep sea"}, None),
        ("id;name\n0;sea, deep\n", {0: "sea, deep"}, None),
        ('id,name\n0,"sea, deep"\n', {0: "sea, deep"}, None),
        ("# my classes\n\nsea\n# two more\nsand\n#\nsky\n", {0: "sea", 1: "sand", 2: "sky"}, None),
        ("\ufeffsea\r\nsand\r\n", {0: "sea", 1: "sand"}, None),
        ("Pixel Value, Class\n0, background\n2, cat \n", {0: "background", 2: "cat"}, None),
        ("# ids\nlabel_id;class_name\n3;sea\n", {3: "sea"}, None),
        ("name,r,g,b\nsea,0,0,255\nsand,9,8,7\n", {0: "sea", 1: "sand"}, {0: (0, 0, 255), 1: (9, 8, 7)}),
        (
            "# label:color_rgb:parts:actions\nbackground:0,0,0::\nfire:truck:48, 112,32:wheel,door:drive\n\n",
            {0: "background", 1: "fire:truck"},
            {0: (0, 0, 0), 1: (48, 112, 32)},
        ),
        ("# label:color_rgb:parts:actions\nbackground:::\ncat:::\n", {0: "background", 1: "cat"}, None),
        ("1 deep sea\n2  sand\n\n", {1: "deep sea", 2: "sand"}, None),
        ("0: sea\n7: sand\n", {0: "sea", 7: "sand"}, None),
        ("18 wheeler\nsea\n", {0: "18 wheeler", 1: "sea"}, None),
        (
            "64 128 64\tAnimal\n192 0 128\t\tArchway\n",
            {0: "Animal", 1: "Archway"},
            {0: (64, 128, 64), 1: (192, 0, 128)},
        ),
        ("red,green,blue,id,name\n1,2,3,7,sea\n", {7: "sea"}, {7: (1, 2, 3)}),
        (
            "id,name,red,green,blue\n255,sand,1,2,3\n0,sea,0,0,255\n",
            {0: "sea", 255: "sand"},
            {0: (0, 0, 255), 255: (1, 2, 3)},
        ),
    ],
)
def test_reads(tmp_path, text, class_map, colours):
    path = tmp_path / "classes.csv"
    path.write_text(text, encoding="utf-8")
    found, found_colours = read_classes(path)
    assert list(found.items()) == list(class_map.items())
    assert found_colours == colours


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["line 1: "]),
        ("sea\n\nsand\n", ["line 2: "]),
        ("sea\nsand\nsea\n", ["line 3: ", "'sea'", "line 1"]),
        ("0,sea\n", ["line 1: ", "'0,sea'", "id,name,red,green,blue"]),
        ("id,name,red\n0,sea,1\n", ["line 1: ", "['id', 'name', 'red']"]),
        ("id,name\n", ["no class"]),
        ("id,name\n0,sea\n1\n", ["line 3: ", "'1'", "1 cells"]),
        ("id,name\nx,sea\n", ["line 2: ", "id", "'x'", "0 to 65535"]),
        ("id,name\n65536,sea\n", ["line 2: ", "id", "'65536'"]),
        ("id,name\n0, \n", ["line 2: ", "''"]),
        ("# a\nsea\n#sand\n", ["line 3: ", "'#sand'", "comment"]),
        ("# classes\n", ["line 1: "]),
        ("# a\nid,name\nx,sea\n", ["line 3: ", "'x'"]),
        ("name,r,g\nsea,0,0\n", ["line 1: ", "['name', 'red', 'green']"]),
        ("# a\nsea:0,0,0::\ncat\n", ["line 2: ", "'sea:0,0,0::'"]),
        ("sea:0,0,0::\ncat:::\n", ["line 1: ", "'sea:0,0,0::'"]),
        ("sea:0,0,256::\n", ["line 1: ", "'256'"]),
        ("id,name\n0,sea\n0,sand\n", ["line 3: ", "id 0", "'sea'"]),
        ("id,name,red,green,blue\n0,sea,0,0,256\n", ["line 2: ", "blue", "'256'", "0 to 255"]),
    ],
)
def test_refuses(tmp_path, text, fragments):
    path = tmp_path / "classes.csv"
    path.write_text(text)
    with refused("class-file", path, *fragments):
        read_classes(path)


def test_files_that_are_no_text(tmp_path):
    with refused("class-file", tmp_path / "none.txt", "No such file"):
        read_classes(tmp_path / "none.txt")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\xff")
    with refused("class-file", tmp_path / "a.png", "UTF-8"):
        read_classes(tmp_path / "a.png")


@pytest.mark.parametrize(("read", "code"), [(read_classes, "class-file"), (read_list, "list-file")])
def test_a_pipe_is_not_waited_for(tmp_path, read, code):
    os.mkfifo(tmp_path / "names.txt")
    with refused(code, tmp_path / "names.txt"):
        read(tmp_path / "names.txt")
