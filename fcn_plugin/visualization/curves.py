"""Plot curves with one colour per net and one line per run: a val score by iteration, or mean IU near boundaries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..atomic_write import atomic_write, read_plain
from ..errors import UserError
from ..invocation import command

MOST = 2**30  # bytes of a log file


def read_curve(work_dir: str | Path, key: str = "mIoU") -> list[tuple[float, float]]:
    """Read (iteration, score) of every validation of a run, including resumed ones.

    Raises:
        UserError: ``file-missing``: no validation has this score; ``record-damaged``: a line inside the log is broken.
    """
    points: dict[float, float] = {}
    for path in sorted(Path(work_dir).glob("*/vis_data/scalars.json")):  # one folder per start, named by its time
        lines = read_plain(path, MOST).decode(errors="replace").splitlines()
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                if key in record:
                    points[float(0 + record["step"])] = float(0 + record[key])
            except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
                if number == len(lines) and isinstance(error, json.JSONDecodeError):  # the last line of a killed run
                    break
                raise UserError("record-damaged", f"{path}, line {number} is broken ({error}): remove it") from error
    if not points:
        raise UserError("file-missing", f"no validation with {key} in {work_dir}: give the work dir of a training run")
    return sorted(points.items())


def read_trimap(folder: str | Path) -> list[tuple[float, float]]:
    """Read (width in pixels, mean IU in percent) from ``limits.json``; UserError: ``file-missing``, ``record-damaged``."""
    path = Path(folder) / "limits.json"
    try:
        values = json.loads(read_plain(path))["means"]["trimap_IoU"]
        points = [(float(width), 100 * float(0 + value)) for width, value in enumerate(values, 1) if value is not None]
    except FileNotFoundError:
        remedy = f"run {command('test')} --limits --work-dir {folder}"
        raise UserError("file-missing", f"no limits.json in {folder}: {remedy}") from None
    except (OSError, ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise UserError("record-damaged", f"{path} was not written by FCNLimits ({error}): evaluate again") from error
    if not points:
        raise UserError("record-damaged", f"{path} has no boundaries: evaluate images with at least two classes")
    return points


def draw_curves(nets: Mapping[str, Sequence[str | Path]], out: str | Path, key: str = "mIoU") -> None:
    """Plot the learning curves of nets (title -> work dirs, one per seed) to a PNG; errors as in :func:`read_curve`."""
    curves = {title: [read_curve(folder, key) for folder in folders] for title, folders in nets.items()}
    _draw(curves, out, "iteration", f"{key} on val, %")


def draw_trimaps(nets: Mapping[str, Sequence[str | Path]], out: str | Path) -> None:
    """Plot mean IU near boundaries of nets (title -> folders, one per seed) to a PNG; errors as in :func:`read_trimap`."""
    curves = {title: [read_trimap(folder) for folder in folders] for title, folders in nets.items()}
    _draw(curves, out, "width of the band on each side of true boundaries, pixels", "mean IU in the band, %")


def _draw(curves: Mapping[str, Sequence[list[tuple[float, float]]]], out: str | Path, x: str, y: str) -> None:
    # takes half a second to import
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for i, (title, runs) in enumerate(curves.items()):
        for j, run in enumerate(runs):
            steps, values = zip(*run, strict=True)
            axes.plot(steps, values, f"C{i}", marker=".", label=title if j == 0 else None)
    axes.set(xlabel=x, ylabel=y)
    axes.locator_params("x", integer=True)
    axes.legend()
    axes.grid(alpha=0.3)
    with atomic_write(Path(out)) as part:
        FigureCanvasAgg(figure).print_png(part)
