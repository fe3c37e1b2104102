"""Masks that are images: ids in gray, palette or 16-bit files, ids saved as RGB, or a colour for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from ...data.class_map import IGNORED, MOST_CLASSES, describe_ids
from ...errors import UserError, abbreviate
from ..cores import on_all_cores
from .classes import Classes, Colour, Source, given_classes, require_classes
from .images import ImageFile
from .mask_file import SMOOTH, MaskFacts, by_colour, draw_colours, draw_ids, read_facts
from .options import Options

RARE = 0.001  # of all pixels
FEW_RARE = 16  # rare classes that a data set may have however few the others are

Given = tuple[dict[int, str], dict[int, Colour] | None] | None  # names and colours of ids in a file of classes


def read_masks(images: Sequence[ImageFile], paths: Sequence[Path], options: Options) -> Source:
    """Read every mask and find out what kind they are.

    Args:
        images: the images.
        paths: their masks.
        options: ``classes``, by default names are made of the ids or colours; ``ignore_ids``, by default 255, unless the masks
            hold 0 and 255 alone or the file names it; ``ignore_colors``; ``convert``.

    Raises:
        UserError: ``option-value``, ``class-file``, ``classes-count``, those of :func:`read_facts`; ``mask-ids``,
            ``mask-colours``: kinds that do not go together, or values that are no class.
    """
    given = given_classes(options.classes) if options.classes else None
    facts = on_all_cores(read_facts, list(zip(images, paths, strict=True)), "reading masks")
    kinds = {fact.kind: path for fact, path in zip(reversed(facts), reversed(paths), strict=True)}
    if "index" in kinds and "colour" in kinds:
        found = f"the masks differ in kind: {kinds['index']} holds ids, {kinds['colour']} colours"
        raise UserError("mask-colours", f"{found}; put them into two folders")
    note = []
    if _palettes_differ(facts) and not (given and given[1] is None):
        facts, kinds = [by_colour(fact) for fact in facts], {"colour": paths[0]}
        note = ["palettes differ between files, so colours are read; for ids give --classes without colours"]
    if "colour" in kinds:
        if options.ignore_ids is not None:
            raise UserError("option-value", "--ignore-ids is for masks of ids, these hold colours: use --ignore-colors")
        source = _of_colours(facts, paths, given, options)
        return source._replace(found=source.found + note)
    if options.ignore_colors:
        raise UserError("option-value", "--ignore-colors is for masks of colours, these hold ids: use --ignore-ids")
    return _of_ids(facts, paths, given, options, "gray" in kinds)


def _of_ids(facts: list[MaskFacts], paths: Sequence[Path], given: Given, options: Options, gray: bool) -> Source:
    held = [{v if fact.kind == "index" else v[0]: n for v, n in fact.pixels.items()} for fact in facts]
    total, modes, chosen = _total(held), _modes(facts), options.ignore_ids
    binary = set(total) == {0, IGNORED}
    found = [f"index masks (mode {modes}): ids {abbreviate([str(id) for id in sorted(total)], 10)}"]
    if gray:
        found = [f"index masks saved as colours of equal channels (mode {modes}): they are converted by that value"]
    if given:
        class_map, colours = given
        if binary and set(class_map) == {0, 1} and chosen is None:
            class_map = {0: class_map[0], IGNORED: class_map[1]}  # a plain list of two names for black and white
        void = [IGNORED] if chosen is None and IGNORED not in class_map else chosen or []
        class_map = {id: name for id, name in class_map.items() if id not in void}
    else:
        _refuse_smooth(total, "ids", paths, held)
        void = ([] if binary else [IGNORED]) if chosen is None else list(chosen)
        ids = sorted(set(total) - set(void))
        require_classes(len(ids), f"the masks hold the ids {sorted(total)}, of which {void} are ignored")
        class_map = {0: "background", IGNORED: "object"} if ids == [0, IGNORED] else {id: f"class{id}" for id in ids}
        colours = _file_colours(facts)
    if IGNORED in total and IGNORED in void:
        share = 100 * total[IGNORED] / sum(total.values())
        found.append(f"id 255 ({share:.3g} % of the pixels) counts in no loss and no score: --ignore-ids sets such ids")
    elif IGNORED in total and IGNORED in class_map:
        found.append("id 255 is a class: to leave it out of loss and scores, --ignore-ids 255")
    found += _absent([f"id {id}" for id in sorted(set(chosen or ()) - set(total))], "--ignore-ids")
    _refuse_unknown(held, {*class_map, *void}, paths, "mask-ids")
    classes = Classes(class_map, void, colours)
    shown = [{classes.ids.ids[id] for id in pixels} for pixels in held]
    draw = [partial(draw_ids, path, classes.ids) for path in paths] if options.convert or gray else None
    return Source(found, classes, shown, draw)


def _of_colours(facts: list[MaskFacts], paths: Sequence[Path], given: Given, options: Options) -> Source:
    held, ignored = [fact.pixels for fact in facts], set(options.ignore_colors)
    total = _total(held)
    if given:
        class_map, colours = given
        if colours is None:
            found = f"{options.classes} has no colours, the masks are colours"
            remedy = "give the columns id,name,red,green,blue; without --classes such a file is written"
            raise UserError("class-file", f"{found}: {remedy}")
        if len(set(colours.values())) < len(colours):
            found = f"{options.classes} gives two ids one colour"
            raise UserError("class-file", f"{found}: colours tell the classes of these masks apart")
    else:
        _refuse_smooth(total, "colours", paths, held)
        colours = dict(enumerate(sorted(set(total) - ignored)))
        require_classes(len(colours), f"the masks hold {len(total)} colours, of which {len(ignored)} are to be ignored")
        class_map = {id: "#{:02x}{:02x}{:02x}".format(*colour) for id, colour in colours.items()}
    _refuse_unknown(held, {*colours.values(), *ignored}, paths, "mask-colours")
    found = [f"colour masks (mode {_modes(facts)}): {len(total)} colours"]
    found += _absent([f"{r},{g},{b}" for r, g, b in sorted(ignored - set(total))], "--ignore-colors")
    classes = Classes(class_map, (), colours)
    table = {colour: classes.ids.ids[id] for id, colour in colours.items()} | dict.fromkeys(ignored, IGNORED)
    shown = [{table[colour] for colour in pixels} for pixels in held]
    return Source(found, classes, shown, [partial(draw_colours, path, table) for path in paths])


def _total(held: Sequence[Mapping]) -> Counter:
    total: Counter = Counter()
    for pixels in held:
        total.update(pixels)
    return total


def _modes(facts: Sequence[MaskFacts]) -> str:
    return ", ".join(sorted({fact.mode for fact in facts}))


def _absent(values: list[str], option: str) -> list[str]:
    return [f"no mask holds {abbreviate(values, 10)} of {option}"] if values else []


def _palettes_differ(facts: Sequence[MaskFacts]) -> bool:
    """Tell whether an id has another colour in another file: some programs sort colours for each file."""
    seen: dict[int, Colour] = {}
    return all(fact.palette for fact in facts) and any(
        seen.setdefault(id, colour) != colour for fact in facts for id, colour in fact.palette.items()
    )


def _file_colours(facts: Sequence[MaskFacts]) -> dict[int, Colour] | None:
    """Colours of ids in palette masks; None where all are gray, as by default, or two ids share one."""
    colours = {id: colour for fact in facts for id, colour in fact.palette.items()}
    chosen = any(len(set(colour)) > 1 for colour in colours.values())
    return colours if chosen and len(set(colours.values())) == len(colours) else None


def _refuse_smooth(total: Counter, what: str, paths: Sequence[Path], held: Sequence[Mapping]) -> None:
    """Refuse blends of two classes' values: classes are few, or at least not nearly all rare."""
    rare = sum(count < RARE * sum(total.values()) for count in total.values())
    if len(total) > MOST_CLASSES + 1 or rare > max(FEW_RARE, 2 * (len(total) - rare)):
        path, pixels = max(zip(paths, held, strict=True), key=lambda pair: len(pair[1]))
        found = f"the masks hold {len(total)} {what}, {rare} of them in less than 0.1 % of the pixels"
        remedy = f"{SMOOTH}; if all are classes, name them with --classes"
        raise UserError(f"mask-{what}", f"{found} ({path} alone {len(pixels)}): {remedy}")


def _refuse_unknown(held: Sequence[Mapping], known: Collection, paths: Sequence[Path], code: str) -> None:
    lines = []
    for pixels, path in zip(held, paths, strict=True):
        unknown = {value: count for value, count in sorted(pixels.items()) if value not in known}
        if unknown and code == "mask-ids":
            lines.append(f"{path}: {describe_ids(unknown, unknown.values())}")
        elif unknown:
            lines.append(
                f"{path}: " + abbreviate([f"colour {r},{g},{b} ({n} px)" for (r, g, b), n in unknown.items()], 10)
            )
    if lines:
        what, option = ("ids", "--ignore-ids") if code == "mask-ids" else ("colours", "--ignore-colors")
        found = f"{len(lines)} of {len(paths)} masks hold {what} that are no class, correct them or add to --classes or {option}"
        raise UserError(code, f"{found}:\n{abbreviate(lines, 10, chr(10))}")
