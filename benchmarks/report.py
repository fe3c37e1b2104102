"""The table of a benchmark, and its plot."""

from __future__ import annotations

from pathlib import Path

from prettytable import PrettyTable, TableStyle

from fcn_plugin.errors import UserError

COLUMNS = [
    "variant",
    "s",
    "images/s",
    "GFLOP",
    "GFLOP/s",
    "of peak",
    "MiB",
    "times faster",
    "differs by",
    "same labels",
]
GROWTH = ("size", "batch", "classes")


def markdown_table(columns: list[str], left: int = 1) -> PrettyTable:
    """An empty Markdown table whose first ``left`` columns are texts, and the others numbers."""
    out = PrettyTable(columns)
    out.set_style(TableStyle.MARKDOWN)
    out.align = "r"
    for name in columns[:left]:
        out.align[name] = "l"
    return out


def table(result: dict) -> str:
    """A Markdown table with a line about the machine above and the first row's name below."""
    machine = result["machine"]
    what = "training step" if result["train"] else "forward"
    peaks = ", ".join(f"{rate:.1f} GFLOP/s in {dtype}" for dtype, rate in result["peak_gflop_per_s"].items())
    head = (
        f"{what}; {machine['processor']}, {machine['vectors']}, {machine['cores']} cores, {machine['threads']} threads, "
        f"torch {machine['torch']}; peak {peaks}; median of {result['rounds']} rounds"
    )
    if machine["load"] is not None and machine["device"] == "cpu":
        head += f"; load {machine['load']:.1f} at the end"
    out = markdown_table(COLUMNS)
    for row in result["rows"]:
        out.add_row(
            [
                row["label"],
                f"{row['seconds']:.3f}",
                f"{row['images_per_s']:.2f}",
                f"{row['gflop']:.1f}",
                f"{row['gflop_per_s']:.1f}",
                f"{100 * row['peak_share']:.0f} %",
                "-" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}",
                f"{row['ratio']:.2f}",
                "-" if row.get("difference") is None else f"{row['difference']:.1e}",
                "-" if row.get("agreement") is None else f"{100 * row['agreement']:.3f} %",
            ]
        )
    if result["train"]:
        out.del_column("differs by")
        out.del_column("same labels")
    return f"{head}\n\n{out}"


def plot(result: dict, path: Path, kind: str) -> None:
    """Seconds and MiB against the one input that varies, a line for each other combination of options; ``kind`` is png, svg or pdf.

    Raises:
        UserError: no input varies, or several do.
    """
    grown = [name for name in GROWTH if len({str(row[name]) for row in result["rows"]}) > 1]
    if len(grown) != 1:
        wanted = "one of --size, --batch and --classes with several values"
        raise UserError("option-value", f"--plot draws against {wanted}, not {grown or 'none'}")
    from matplotlib.figure import Figure

    (name,) = grown
    unit = {"size": "megapixels", "batch": "images at a time", "classes": "classes"}[name]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    lines: dict[str, list[dict]] = {}
    for row in result["rows"]:
        lines.setdefault(" ".join([row["net"], row["geometry"], row["dtype"]]), []).append(row)
    for axes, key, title in zip(
        figure.subplots(1, 2), ("seconds", "peak_mib"), ("seconds", "MiB at most"), strict=True
    ):
        for label, rows in lines.items():
            points = sorted((_place(row, name), row[key]) for row in rows if row[key] is not None)
            axes.plot(*zip(*points, strict=True) if points else ((), ()), marker="o", label=label)
        axes.set(xlabel=unit, ylabel=title, xlim=(0, None), ylim=(0, None))
        axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=110, format=kind)


def _place(row: dict, name: str) -> float:
    return row["size"][0] * row["size"][1] / 1e6 if name == "size" else row[name]
