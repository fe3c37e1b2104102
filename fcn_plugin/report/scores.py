"""The sections of a report about all pixels: scores, classes, confusion, areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ..evaluation.confusion import SCORE_NAMES, scores
from .confusion import confusion_picture, worst_confusions
from .svg import percent
from .tables import class_columns

Palette = Sequence[Sequence[int]]


def headline(matrix: np.ndarray, more: Mapping[str, float]) -> str:
    """Show the four scores of a confusion matrix and further ones, name -> value in 0 .. 1, in percent."""
    found = scores(matrix) if matrix.any() else dict.fromkeys(SCORE_NAMES, float("nan"))
    named = {"mean IU": found.pop("mIoU"), **{SCORE_NAMES[name]: value for name, value in found.items()}, **more}
    cards = (f"<dt>{escape(name)}, %</dt><dd>{percent(value, 2)}</dd>" for name, value in named.items())
    return f'<dl class="scores">{"".join(f"<div>{card}</div>" for card in cards)}</dl>'.replace(
        "<div>", '<div class="first">', 1
    )


def class_table(matrix: np.ndarray, classes: Sequence[str], palette: Palette, more: Mapping[str, np.ndarray]) -> str:
    """Show a row per class in percent, sortable; ``more`` are further columns, (C,) each."""
    columns = class_columns(matrix)
    shown = {"IU": "IU", "accuracy": "accuracy (recall)", "precision": "precision", "Dice": "Dice (F1)"}
    shares = {"% of pixels": columns["share of truth"]}
    values = {**{head: columns[name] for name, head in shown.items()}, **more, **shares}
    rows = [[named(name, colour), *row] for name, colour, *row in zip(classes, palette, *values.values(), strict=True)]
    return table(["class", *values], rows)


def confusion(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """Show the matrix and the most frequent confusions."""
    rows = [
        [
            escape(classes[i]),
            f'<td class="name">{escape(classes[j])}</td>',
            share,
            f'<td data-value="{pixels}">{pixels:,}</td>',
        ]
        for i, j, pixels, share in worst_confusions(matrix)
    ]
    listed = (
        table(["true class", "predicted as", "% of the class", "pixels"], rows) if rows else "<p>No pixel is wrong.</p>"
    )
    picture = f'<div class="wide">{confusion_picture(matrix, classes)}</div>'
    return f'<div class="side"><div>{picture}</div><div><h3>Most wrong pixels</h3>{listed}</div></div>'


def areas(matrix: np.ndarray, classes: Sequence[str], palette: Palette) -> str:
    """Show each class's share of pixels in truth and prediction."""
    columns = class_columns(matrix)
    true, guess = columns["share of truth"], columns["share of prediction"]
    most = max(true.max(), guess.max(), 1e-12)
    rows = []
    for i in np.argsort(-true, kind="stable"):
        ratio = f'<td data-value="{guess[i] / true[i]:.4f}">{guess[i] / true[i]:.2f}</td>' if true[i] else "<td>-</td>"
        bars = "".join(
            f'<span class="track"><i class="{kind}" style="width:{100 * share / most:.2f}%"></i></span>'
            for kind, share in (("truth", true[i]), ("guess", guess[i]))
        )
        rows.append([named(classes[i], palette[i]), f'<td class="bars">{bars}</td>', true[i], guess[i], ratio])
    return table(["class", "truth, prediction", "truth %", "prediction %", "prediction / truth"], rows, digits=2)


def named(name: str, colour: Sequence[int]) -> str:
    """Format a class's colour and name."""
    return f'<span class="swatch" style="background:rgb({",".join(map(str, map(int, colour)))})"></span>{escape(name)}'


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], digits: int = 1, sortable: bool = True) -> str:
    """Format a table: floats are shares, shown in percent; strings are HTML, complete cells if they begin with ``<td``."""
    button = "<button>{}</button>" if sortable else "{}"
    heads = "".join(f'<th scope="col">{button.format(escape(name))}</th>' for name in head)
    body = "".join(f"<tr>{''.join(_cell(value, digits) for value in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: str | float, digits: int) -> str:
    if isinstance(value, str):
        return value if value.startswith("<td") else f"<td>{value}</td>"
    return "<td>-</td>" if np.isnan(value) else f'<td data-value="{value:.6f}">{percent(value, digits)}</td>'
