"""Draw the ten classes in side view, one function each, in the pen's frame."""

from collections.abc import Callable

import numpy as np

from .pen import Paint, Pen, arc
from .textures import checks, hsv, stripes, wool


def aeroplane(pen: Pen, rng: np.random.Generator) -> None:
    """Draw an aeroplane."""
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
    """Draw a bicycle."""
    tyre = Paint(hsv(rng, 0.75, 0.25, 0.20, (0.1, 0.1, 0.06)))
    frame = Paint(hsv(rng, rng.uniform(), 0.82, 0.85))  # any hue, so that only its shape identifies it
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
    """Draw a sailing boat."""
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


def bottle(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a bottle."""
    glass = Paint(hsv(rng, 0.40, 0.75, 0.42, (0.06, 0.12, 0.1)), stripes(rng.uniform(11, 14)), 26)
    label = Paint(hsv(rng, 0.13, 0.30, 0.93), stripes(5, 90), 14)
    half, shoulder = rng.uniform(0.135, 0.165), rng.uniform(-0.14, -0.08)
    pen.fill([*arc((0, shoulder), (half, 0.13), 180, 360), (half, 0.48), (-half, 0.48)], glass)
    pen.line([(0, shoulder), (0, -0.42)], glass, 1.35)  # neck
    pen.line([(0, -0.42), (0, -0.46)], Paint(hsv(rng, 0.0, 0.8, 0.75)), 1.5)  # cap
    pen.box(-half, 0.08, half, 0.30, label)
    pen.disc((0, 0.19), (0.06, 0.06), Paint(hsv(rng, 0.42, 0.6, 0.5)))


def bus(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a bus."""
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


def chair(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a chair."""
    wood = Paint(hsv(rng, 0.075, 0.66, 0.58), stripes(rng.uniform(4, 6), 80), 15)
    seat = Paint(hsv(rng, 0.075, 0.58, 0.72), stripes(rng.uniform(4, 6), 85), 17)
    dark = Paint(hsv(rng, 0.07, 0.7, 0.42), stripes(5, 80), 10)
    pen.line([(0.40, 0.12), (0.40, 0.40)], dark, 1.1)  # far leg
    pen.line([(-0.29, 0.46), (-0.29, 0.08), (-0.32, -0.44)], wood, 1.2)
    pen.line([(0.18, 0.08), (0.17, -0.44)], wood, 1.2)
    for y in (-0.40, -0.16):
        pen.line([(-0.31, y), (0.17, y)], wood, 1.5)  # slats; the wall shows between them
    pen.fill([(-0.32, 0.05), (0.20, 0.05), (0.45, 0.17), (-0.22, 0.17)], seat)
    pen.line([(0.19, 0.15), (0.19, 0.47)], wood, 1.2)  # near legs
    pen.line([(-0.29, 0.10), (-0.29, 0.47)], wood, 1.2)


def person(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a person."""
    skin = Paint(hsv(rng, 0.07, 0.42, 0.82, (0.015, 0.1, 0.18)))
    shirt = Paint(hsv(rng, 0.86, 0.62, 0.72, (0.12, 0.15, 0.15)), checks(rng.uniform(6, 8)), 20)
    jeans = Paint(hsv(rng, 0.62, 0.55, 0.45), stripes(3.5), 8)
    hair = Paint(hsv(rng, 0.07, 0.55, 0.22, (0.02, 0.15, 0.10)))
    step, left, right = rng.uniform(0.07, 0.13), rng.uniform(-0.25, 0.15), rng.uniform(-0.2, 0.15)
    for side, reach in ((-1, left), (1, right)):
        pen.line([(0.04 * side, 0.10), (step * side, 0.29), (step * side, 0.47)], jeans, 1.4)
        pen.line([(step * side, 0.48), (step * side + 0.05, 0.48)], hair, 1.1)  # shoe
        pen.line([(0.10 * side, -0.23), (0.22 * side, -0.08)], shirt, 1.1)
        pen.line([(0.22 * side, -0.08), (0.28 * side, reach)], skin, 0.95)
    pen.fill([(-0.12, -0.27), (0.12, -0.27), (0.095, 0.12), (-0.095, 0.12)], shirt)
    pen.line([(0, -0.27), (0, -0.32)], skin, 1.2)
    pen.disc((0, -0.38), (0.085, 0.10), skin)
    pen.fill(arc((0, -0.40), (0.092, 0.095), 175, 365), hair)


def pottedplant(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a potted plant."""
    pot = Paint(hsv(rng, 0.035, 0.72, 0.70), stripes(6, 90), 11)
    leaf = Paint(hsv(rng, 0.29, 0.72, 0.60), wool(rng, 6), 26)
    stem = Paint(hsv(rng, 0.26, 0.70, 0.42))
    for angle in np.linspace(-62, 62, 6) + rng.uniform(-6, 6, 6):
        reach = rng.uniform(0.46, 0.60)
        sin, cos = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
        tip = (reach * sin, 0.12 - reach * cos)
        pen.line([(0, 0.16), (0.45 * tip[0], 0.13 - 0.62 * reach * cos), tip], stem, 0.9)
        for share in (0.62, 0.95):
            center = (share * tip[0], 0.12 + share * (tip[1] - 0.12))
            spread = 0.055 if share < 0.9 else 0.07
            pen.disc(center, (spread, spread * 0.8), leaf)
    pen.fill([(-0.17, 0.18), (0.17, 0.18), (0.12, 0.48), (-0.12, 0.48)], pot)
    pen.box(-0.20, 0.13, 0.20, 0.21, pot)


def sheep(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a sheep."""
    fleece = Paint(hsv(rng, 0.11, 0.14, 0.90, (0.03, 0.06, 0.07)), wool(rng, 6.5), 30)
    face = Paint(hsv(rng, 0.06, 0.35, 0.24, (0.03, 0.1, 0.06)))
    for x in (-0.26, -0.14, 0.12, 0.24):
        pen.line([(x, 0.10), (x + rng.uniform(-0.02, 0.02), 0.40)], face)
    pen.line([(-0.38, -0.08), (-0.47, 0.06)], fleece, 1.1)  # tail
    pen.disc((0, -0.05), (0.37, 0.20), fleece)
    for angle in np.arange(0, 360, 36):
        x, y = 0.33 * np.cos(np.deg2rad(angle)), 0.16 * np.sin(np.deg2rad(angle)) - 0.05
        pen.disc((x, y), (0.085, 0.085), fleece)
    pen.disc((0.42, -0.14), (0.085, 0.12), face)
    pen.line([(0.35, -0.23), (0.27, -0.20)], face, 0.9)  # ear
    pen.disc((0.40, -0.25), (0.075, 0.055), fleece)


def tvmonitor(pen: Pen, rng: np.random.Generator) -> None:
    """Draw a TV set or monitor."""
    case = Paint(hsv(rng, 0.65, 0.15, 0.20, (0.1, 0.08, 0.07)))
    glow = Paint(hsv(rng, 0.52, 0.58, 0.82, (0.07, 0.15, 0.12)), stripes(rng.uniform(3.5, 4.5), 90), 20)
    hills = Paint(hsv(rng, 0.44, 0.62, 0.62), stripes(4, 90), 18)
    pen.box(-0.47, -0.38, 0.47, 0.24, case)
    pen.box(-0.41, -0.32, 0.41, 0.18, glow)
    peak = rng.uniform(-0.2, 0.2)
    pen.fill([(-0.41, 0.18), (-0.41, 0.08), (peak, -0.10), (0.41, 0.10), (0.41, 0.18)], hills)
    pen.line([(0, 0.22), (0, 0.39)], case, 1.3)
    pen.line([(-0.24, 0.40), (0.24, 0.40)], case, 1.0)  # foot


# ten of VOC's twenty classes, each with thin parts, three with holes
DRAWN = (aeroplane, bicycle, boat, bottle, bus, chair, person, pottedplant, sheep, tvmonitor)
SHAPES: dict[str, Callable[[Pen, np.random.Generator], None]] = {draw.__name__: draw for draw in DRAWN}
