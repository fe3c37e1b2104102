"""Tables and curves of runs, from the command line."""

from support.refusals import tool_refused


def test_tables_of_a_run(trained, tool):
    done = tool("summarize", "--net", "FCN-8s", trained.work_dir, trained.work_dir)
    assert (done.code, done.err) == (0, "")
    assert "| FCN-8s | 2 |" in done.out
    assert " ± 0.00 |" in done.out
    assert "| background |" in done.out


def test_curves_of_a_run(trained, tool, tmp_path):
    done = tool("summarize", "--net", "FCN-8s", trained.work_dir, "--curves", tmp_path / "curves.png")
    assert (done.code, done.out) == (0, f"wrote {tmp_path / 'curves.png'}\n")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_mean_iu_near_boundaries(tool, tmp_path):
    (tmp_path / "limits.json").write_text('{"means": {"trimap_IoU": [0.1, 0.2]}}')
    done = tool("summarize", "--net", "FCN-8s", tmp_path, "--trimap", tmp_path / "trimap.png")
    assert (done.code, done.out) == (0, f"wrote {tmp_path / 'trimap.png'}\n")
    assert (tmp_path / "trimap.png").read_bytes().startswith(b"\x89PNG")


def test_bad_input(tool, tmp_path):
    assert "has no folders" in tool("summarize", "--net", "FCN-8s").err
    tool_refused(tool("summarize", "--net", "FCN-8s", tmp_path / "none"), tmp_path, "file-missing", tmp_path / "none")
