"""Aeroplane, bicycle, boat and bus, drawn from the side; one function each, in the pen's frame."""

import numpy as np

from .pen import Paint, Pen, arc
from .textures import hsv, stripes


def aeroplane(pen: Pen, rng: np.random.Generator) -> None:
    body = Paint(hsv(rng, 0.58, 0.42, 0.90), stripes(rng.uniform(7, 9)), 9)
    trim = Paint(hsv(rng, 0.62, 0.75, 0.55))
    pen.line([(-0.06, -0.02), (0.13, -0.33)], trim, 1.2)  # far wing
    pen.line([(0.36, -0.02), (0.47, -0.20)], body, 1.4)  # fin
    pen.line([(0.34, 0.00), (0.47, 0.10)], trim, 0.9)  # tailplane
    pen.fill([*arc((-0.30, 0.0), (0.19, 0.085), 90, 270), (0.42, -0.06), (0.46, -0.01)], body)
    pen.line([(-0.08, 0.03), (0.18, 0.36)], body, 1.5)  # near wing
    pen.disc((0.03, 0.20), (0.075, 0.045), trim)  # engine
    for x in np.linspace(-0.30, 0.28, 7):
        pen.disc((x, -0.025), (0.020, 0.020), trim)  # windows


def bicycle(pen: Pen, rng: np.random.Generator) -> None:
    tyre = Paint(hsv(rng, 0.75, 0.25, 0.20, (0.1, 0.1, 0.06)))
    frame = Paint(hsv(rng, rng.uniform(), 0.82, 0.85))  # any hue: only its shape gives it away
    radius = rng.uniform(0.24, 0.26)
    back, front, pedals = (-0.30, 0.12), (0.30, 0.12), (-0.02, 0.14)
    saddle, head = (-0.12, -0.20), (0.20, -0.20)
    for hub in (back, front):
        pen.line(arc(hub, (radius, radius)), tyre, 1.3)
    pen.line([back, saddle, head, pedals, back], frame)
    pen.line([saddle, pedals], frame)
    pen.line([front, head, (0.17, -0.31), (0.28, -0.34)], frame)  # fork and handlebar
    pen.line([saddle, (-0.14, -0.27)], frame)
    pen.line([(-0.22, -0.28), (-0.07, -0.28)], tyre, 1.3)
    pen.disc(pedals, (0.045, 0.045), tyre)


def boat(pen: Pen, rng: np.random.Generator) -> None:
    planks = Paint(hsv(rng, 0.64, 0.72, 0.50), stripes(rng.uniform(4, 5.5), 90), 16)
    mast = Paint(hsv(rng, 0.08, 0.5, 0.35))
    sail = Paint(hsv(rng, 0.11, 0.16, 0.95, (0.03, 0.08, 0.05)), stripes(9, 90), 8)
    band = Paint(hsv(rng, 0.64, 0.6, 0.65))
    top = -0.48
    pen.fill([(-0.38, 0.27), (0.46, 0.24), (0.30, 0.46), (-0.28, 0.46)], planks)
    pen.line([(-0.38, 0.27), (0.46, 0.24)], band, 0.8)
    pen.line([(0.0, 0.28), (0.0, top)], mast)
    pen.fill([(0.07, top + 0.10), (0.07, 0.12), (0.38, 0.12)], sail)
    pen.fill([(0.07, -0.10), (0.07, -0.02), (0.26, -0.02), (0.215, -0.10)], band)
    pen.line([(0.0, 0.14), (0.38, 0.14)], mast, 0.9)  # boom
    pen.line([(0.0, top), (-0.35, 0.26)], mast, 0.75)  # forestay; the sky shows through


def bus(pen: Pen, rng: np.random.Generator) -> None:
    body = Paint(hsv(rng, 0.10, 0.85, 0.90, (0.05, 0.12, 0.1)))
    glass = Paint(hsv(rng, 0.55, 0.45, 0.40), stripes(11, 40, rng.uniform()), 22)
    dark = Paint(hsv(rng, 0.6, 0.15, 0.17, (0.1, 0.1, 0.05)))
    trim = Paint(hsv(rng, 0.07, 0.85, 0.70))
    pen.box(-0.48, -0.28, 0.48, 0.24, body)
    pen.fill([*arc((0.40, -0.24), (0.085, 0.06), 270, 360), (0.485, 0.2), (0.40, 0.2)], body)
    for left in np.linspace(-0.44, 0.14, 5):
        pen.box(left, -0.20, left + 0.115, -0.02, glass)
    pen.box(0.31, -0.20, 0.44, 0.19, glass)  # door
    pen.box(-0.48, 0.06, 0.28, 0.10, trim)
    for x in (-0.27, 0.20):
        pen.disc((x, 0.24), (0.10, 0.10), dark)
        pen.disc((x, 0.24), (0.045, 0.045), Paint((170.0, 170.0, 175.0)))
    pen.line([(0.48, -0.20), (0.56, -0.22), (0.56, -0.07)], dark, 0.9)  # mirror
