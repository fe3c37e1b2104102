"""Learning curves: a score on val against the iteration, one colour a net, one line a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..atomic_write import atomic_write
from ..errors import UserError


def read_curve(work_dir: str | Path, key: str = "mIoU") -> list[tuple[int, float]]:
    """(iteration, score) of every validation of a run, its resumptions included.

    Raises:
        UserError: the folder holds no validation with such a score, or a broken log.
    """
    points: dict[int, float] = {}
    for path in sorted(Path(work_dir).glob("*/vis_data/scalars.json")):  # one folder a start, named by its time
        for record in _records(path):
            if key in record:
                points[record["step"]] = record[key]
    if not points:
        raise UserError(f"no validation with {key} in {work_dir}: give the work dir of a training run")
    return sorted(points.items())


def _records(path: Path) -> Iterator[dict]:
    """The records of a log, one a line; a half one at its end is left out, as a run that was killed leaves it."""
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise UserError(f"{path}, line {number} is no record ({error}): remove the line") from error


def draw_curves(nets: Mapping[str, Sequence[str | Path]], out: str | Path, key: str = "mIoU") -> None:
    """Draw the runs' curves into a PNG.

    Args:
        nets: title -> work dirs, one per seed.
        out: file to write.
        key: score to draw.

    Raises:
        UserError: a run without validations.
    """
    # half a second that only this picture needs
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    curves = {title: [read_curve(folder, key) for folder in folders] for title, folders in nets.items()}
    figure = Figure(figsize=(6, 4), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    for i, (title, runs) in enumerate(curves.items()):
        for j, run in enumerate(runs):
            steps, values = zip(*run, strict=True)
            axes.plot(steps, [100 * v for v in values], f"C{i}", marker=".", label=title if j == 0 else None)
    axes.set(xlabel="iteration", ylabel=f"{key} on val, %")
    axes.legend()
    axes.grid(alpha=0.3)
    with atomic_write(Path(out)) as part:
        FigureCanvasAgg(figure).print_png(part)
