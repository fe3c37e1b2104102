"""Read image masks: ids in gray, palette or 16-bit files, ids saved as RGB, or a colour for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...data.class_map import IGNORED, LARGEST_ID
from ...data.classes_file import ClassTable, Colour, read_class_table
from ...errors import UserError, abbreviate, first_lines
from ..cores import on_all_cores
from .blends import refuse_blended_colours, refuse_encodings, refuse_smooth
from .classes import Classes, Source, colour_classes, require_classes
from .files import ImageFile
from .mask_file import MaskFacts, by_colour, draw_colours, draw_ids, read_facts
from .options import Options
from .rounded import read_rounded

LEAST_STEP = 17  # between 16 levels of gray


def read_masks(images: Sequence[ImageFile], paths: Sequence[Path], options: Options) -> Source:
    """Read every image's mask and detect the kind; without a file of classes, classes are named by ids or colours."""
    if options.threshold is not None or options.nearest_colors:
        return read_rounded(images, paths, options)
    given = read_class_table(options.classes) if options.classes else None
    facts = on_all_cores(read_facts, list(zip(images, paths, strict=True)), "reading masks")
    kinds = {fact.kind: path for fact, path in zip(reversed(facts), reversed(paths), strict=True)}
    if "index" in kinds and "colour" in kinds:
        raise UserError("mask-colours", f"{kinds['index']} has ids, but {kinds['colour']} has colours: use two folders")
    note = []
    if _palettes_differ(facts, given) and not (given and given.colours is None):
        facts, kinds = [by_colour(fact) for fact in facts], {"colour": paths[0]}
        others = "from --classes" if given and not given.numbered else "between files"
        note = [f"palettes differ {others}, so masks are read by colour; to read ids, give --classes without colours"]
    if "colour" in kinds and options.ignore_ids is not None:
        raise UserError("option-value", "--ignore-ids is for masks of ids, but these have colours: use --ignore-colors")
    if "colour" not in kinds and options.ignore_colors:
        raise UserError("option-value", "--ignore-colors is for masks of colours, but these have ids: use --ignore-ids")
    source = (_of_colours if "colour" in kinds else _of_ids)(facts, paths, given, options)
    return source._replace(found=source.found + note)


def _of_ids(facts: list[MaskFacts], paths: Sequence[Path], given: ClassTable | None, options: Options) -> Source:
    held = [{v if fact.kind == "index" else v[0]: n for v, n in fact.pixels.items()} for fact in facts]
    total, chosen = sum(map(Counter, held), Counter()), options.ignore_ids
    gray, levels = any(fact.kind == "gray" for fact in facts), _are_levels(sorted(total))
    found = [f"index masks (mode {_modes(facts)}): ids {abbreviate([*map(str, sorted(total))], 10)}"]
    if gray:
        found = [f"index masks saved with equal channels (mode {_modes(facts)}): converted to that value"]
    if given:
        class_map, colours, _ = given
        if set(total) == {0, IGNORED} and set(class_map) == {0, 1} and chosen is None:
            class_map = {0: class_map[0], IGNORED: class_map[1]}  # a plain list of two names for black and white
        void = [IGNORED] if chosen is None and IGNORED not in class_map else chosen or []
        left_out = [f"{id} ({name})" for id, name in class_map.items() if id in void]
        found += [f"--ignore-ids ignores classes of {options.classes}: {', '.join(left_out)}"] if left_out else []
        class_map = {id: name for id, name in class_map.items() if id not in void}
        refuse_encodings(held, facts, paths, {*class_map, *(chosen or ())})
    else:
        refuse_encodings(held, facts, paths, set(chosen or ()))
        refuse_smooth(total, "ids", paths, held)
        void = ([] if levels else [IGNORED]) if chosen is None else list(chosen)
        ids = sorted(set(total) - set(void))
        require_classes(len(ids), f"the masks have the ids {sorted(total)}, of which {void} are ignored")
        two = ids in ([0, IGNORED], [0, LARGEST_ID])
        class_map = {id: ("background", "object")[id > 0] if two else f"class{id}" for id in ids}
        colours = _file_colours(facts)
    if IGNORED in total and IGNORED in void:
        share = 100 * total[IGNORED] / sum(total.values())
        found.append(f"id 255 ({share:.3g} % of the pixels) is left out of loss and scores; --ignore-ids sets such ids")
    elif IGNORED in total and IGNORED in class_map:
        found.append("id 255 is a class; to leave it out of loss and scores, use --ignore-ids 255")
    _refuse_unknown(held, {*class_map, *void}, paths, "mask-ids")
    classes = Classes(class_map, void, colours)
    shown = [{classes.ids.ids[id] for id in pixels} for pixels in held]
    draw = [partial(draw_ids, path, classes.ids) for path in paths] if options.convert or gray else None
    return Source(found, classes, shown, draw)


def _of_colours(facts: list[MaskFacts], paths: Sequence[Path], given: ClassTable | None, options: Options) -> Source:
    held, ignored = [fact.pixels for fact in facts], set(options.ignore_colors)
    total = sum(map(Counter, held), Counter())
    if given and options.classes:
        classes = colour_classes(given, options.classes, ignored)
    else:
        refuse_blended_colours(total, facts, paths, ignored)
        colours = dict(enumerate(sorted(set(total) - ignored)))
        require_classes(len(colours), f"the masks have {len(total)} colours, of which {len(ignored)} are ignored")
        classes = Classes({id: "#{:02x}{:02x}{:02x}".format(*colour) for id, colour in colours.items()}, (), colours)
    table = classes.indices_of_colours(ignored)
    _refuse_unknown(held, set(table), paths, "mask-colours")
    found = [f"colour masks (mode {_modes(facts)}): {len(total)} colours"]
    shown = [{table[colour] for colour in pixels} for pixels in held]
    return Source(found, classes, shown, [partial(draw_colours, path, table) for path in paths])


def _are_levels(ids: Sequence[int]) -> bool:
    """Return whether ids are evenly spaced gray levels such as 0, 128, 255, where 255 is a class, not void."""
    steps = np.diff(ids)
    return (ids[0], ids[-1]) == (0, IGNORED) and bool(steps.min() >= LEAST_STEP and np.ptp(steps) <= 1)


def _modes(facts: Sequence[MaskFacts]) -> str:
    return ", ".join(sorted({fact.mode for fact in facts}))


def _text(value: int | Colour) -> str:
    return ",".join(map(str, np.atleast_1d(value)))


def _palettes_differ(facts: Sequence[MaskFacts], given: ClassTable | None) -> bool:
    """Return whether an id has different colours in different files (some programs sort palettes), or in a table without ids."""
    pairs = {pair for fact in facts for pair in fact.palette.items()}
    if given and given.colours and not given.numbered and any(len(set(colour)) > 1 for _, colour in pairs):
        pairs |= set(given.colours.items())
    return all(fact.palette for fact in facts) and len(pairs) > len({id for id, _ in pairs})


def _file_colours(facts: Sequence[MaskFacts]) -> dict[int, Colour] | None:
    """Return the colours of ids in palette masks; None if all are gray (the default) or two ids share a colour."""
    colours = {id: colour for fact in facts for id, colour in fact.palette.items()}
    chosen = any(len(set(colour)) > 1 for colour in colours.values())
    return colours if chosen and len(set(colours.values())) == len(colours) else None


def _refuse_unknown(held: Sequence[Mapping[Any, int]], known: set[Any], paths: Sequence[Path], code: str) -> None:
    what, option = ("id", "--ignore-ids") if code == "mask-ids" else ("colour", "--ignore-colors")
    lines = []
    for pixels, path in zip(held, paths, strict=True):
        texts = [f"{what} {_text(value)} ({pixels[value]} px)" for value in sorted(set(pixels) - known)]
        lines += [f"{path}: {abbreviate(texts, 10)}"] if texts else []
    if lines:
        found = f"{len(lines)} of {len(paths)} masks have {what}s that are not classes"
        raise UserError(code, f"{found}. Correct them, or add these to --classes or {option}:", first_lines(lines, 10))
