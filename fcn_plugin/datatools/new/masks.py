"""Masks that are images: ids in gray, palette or 16-bit files, ids saved as RGB, or a colour for each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from ...data.class_map import IGNORED, MOST_CLASSES, describe_ids
from ...errors import UserError
from .classes import given_classes, hex_name, require_classes
from .mask_file import SMOOTH, MaskFacts, by_colour, draw_colours, draw_ids, survey
from .photos import Photo
from .pool import listed, on_all_cores
from .source import Classes, Colour, Source

RARE = 0.001  # of all pixels
FEW_RARE = 16  # rare classes that a data set may have however few the others are


def read_masks(
    photos: Sequence[Photo],
    paths: Sequence[Path],
    classes_file: str | None = None,
    ignore_ids: Sequence[int] | None = None,
    ignore_colors: Collection[Colour] = (),
    convert: bool = False,
) -> Source:
    """Look at every mask and say what kind they are.

    Args:
        photos: the images.
        paths: their masks.
        classes_file: what ``read_classes`` takes; None names classes by their ids or colours.
        ignore_ids: ids that are void; None: 255, unless the masks hold 0 and 255 alone or the file names it.
        ignore_colors: the same for masks of colours.
        convert: draw ids anew too that could be used as they are.

    Raises:
        UserError: files that are no masks, kinds that do not go together, values that the classes do not know.
    """
    ids_meant = classes_file is not None and given_classes(classes_file)[1] is None
    facts = on_all_cores(survey, list(zip(photos, paths, strict=True)), "reading masks")
    kinds = {one.kind: path for one, path in zip(reversed(facts), reversed(paths), strict=True)}
    if "index" in kinds and "colour" in kinds:
        raise UserError(
            f"the masks differ in kind: {kinds['index']} holds ids, {kinds['colour']} colours; put them into two folders"
        )
    note = []
    if _palettes_differ(facts) and not ids_meant:
        facts = [by_colour(one) for one in facts]
        kinds = {"colour": paths[0]}
        note = [
            "palettes differ between files, so colours are read; where ids are meant, give --classes without colours"
        ]
    if "colour" not in kinds:
        if ignore_colors:
            raise UserError("--ignore-colors is for masks of colours, these hold ids: use --ignore-ids")
        return _of_ids(facts, paths, classes_file, ignore_ids, convert or "gray" in kinds)
    if ignore_ids is not None:
        raise UserError("--ignore-ids is for masks of ids, these hold colours: use --ignore-colors")
    source = _of_colours(facts, paths, classes_file, ignore_colors)
    return Source(source.found + note, source.classes, source.shown, source.draw)


def _of_ids(
    facts: Sequence[MaskFacts],
    paths: Sequence[Path],
    classes_file: str | None,
    ignore_ids: Sequence[int] | None,
    draw: bool,
) -> Source:
    held = [
        one.pixels if one.kind == "index" else {red: count for (red, _, _), count in one.pixels.items()}
        for one in facts
    ]
    total = _total(held)
    modes = ", ".join(sorted({one.mode for one in facts}))
    found = [f"index masks (mode {modes}): ids {listed([str(id) for id in sorted(total)])}"]
    if any(one.kind == "gray" for one in facts):
        found = [f"index masks saved as colours of equal channels (mode {modes}): they are converted by that value"]
    if classes_file:
        class_map, colours = given_classes(classes_file)
        if set(total) == {0, IGNORED} and set(class_map) == {0, 1} and ignore_ids is None:
            class_map = {0: class_map[0], IGNORED: class_map[1]}  # a plain list of two names for black and white
        void = [IGNORED] if ignore_ids is None and IGNORED not in class_map else ignore_ids or []
        class_map = {id: name for id, name in class_map.items() if id not in void}
    else:
        _refuse_smooth(total, "ids", paths, held)
        binary = set(total) == {0, IGNORED}
        void = ([] if binary else [IGNORED]) if ignore_ids is None else list(ignore_ids)
        ids = sorted(set(total) - set(void))
        require_classes(len(ids), f"the masks hold the ids {sorted(total)}, of which {void} are ignored")
        class_map = {0: "background", IGNORED: "object"} if ids == [0, IGNORED] else {id: f"class{id}" for id in ids}
        colours = _file_colours(facts)
    if IGNORED in total and IGNORED in void:
        share = 100 * total[IGNORED] / sum(total.values())
        found.append(f"id 255 ({share:.3g} % of the pixels) counts in no loss and no score: --ignore-ids sets such ids")
    elif IGNORED in total and IGNORED in class_map:
        found.append("id 255 is a class: to leave it out of loss and scores, --ignore-ids 255")
    absent = sorted(set(ignore_ids or ()) - set(total))
    if absent:
        found.append(f"no mask holds {listed([f'id {id}' for id in absent])} of --ignore-ids")
    _refuse_unknown(held, {*class_map, *void}, paths, "id", "--classes or --ignore-ids")
    classes = Classes(class_map, void, colours)
    shown = [{classes.ids.ids[id] for id in one} for one in held]
    return Source(found, classes, shown, [partial(draw_ids, path, classes.ids) for path in paths] if draw else None)


def _of_colours(
    facts: Sequence[MaskFacts], paths: Sequence[Path], classes_file: str | None, ignored: Collection[Colour]
) -> Source:
    held = [one.pixels for one in facts]
    total = _total(held)
    modes = ", ".join(sorted({one.mode for one in facts}))
    found = [f"colour masks (mode {modes}): {len(total)} colours"]
    if classes_file:
        class_map, colours = given_classes(classes_file)
        if colours is None:
            raise UserError(
                f"{classes_file} has no colours, the masks are colours: give the columns id,name,red,green,blue; without --classes "
                "such a file is written"
            )
    else:
        _refuse_smooth(total, "colours", paths, held)
        colours = dict(enumerate(sorted(set(total) - set(ignored))))
        require_classes(len(colours), f"the masks hold {len(total)} colours, of which {len(ignored)} are to be ignored")
        class_map = {id: hex_name(colour) for id, colour in colours.items()}
    if len(set(colours.values())) < len(colours):
        raise UserError(f"{classes_file} gives two ids one colour: colours tell the classes of these masks apart")
    _refuse_unknown(held, {*colours.values(), *ignored}, paths, "colour", "--classes or --ignore-colors")
    absent = sorted(set(ignored) - set(total))
    if absent:
        found.append(f"no mask holds {listed([f'{r},{g},{b}' for r, g, b in absent])} of --ignore-colors")
    classes = Classes(class_map, (), colours)
    table = {colour: classes.ids.ids[id] for id, colour in colours.items()} | dict.fromkeys(ignored, IGNORED)
    shown = [{table[colour] for colour in one} for one in held]
    return Source(found, classes, shown, [partial(draw_colours, path, table) for path in paths])


def _total(held: Sequence[Mapping]) -> Counter:
    total: Counter = Counter()
    for one in held:
        total.update(one)
    return total


def _palettes_differ(facts: Sequence[MaskFacts]) -> bool:
    """Whether an id has another colour in another file, as programs do that sort colours anew for each."""
    if not all(one.palette for one in facts):
        return False
    seen: dict[int, Colour] = {}
    return any(seen.setdefault(id, colour) != colour for one in facts for id, colour in one.palette.items())


def _file_colours(facts: Sequence[MaskFacts]) -> dict[int, Colour] | None:
    """Colours of ids in palette masks; None where these are gray ones, which nobody chose."""
    colours = {id: colour for one in facts for id, colour in one.palette.items()}
    chosen = any(len(set(colour)) > 1 for colour in colours.values())
    return colours if chosen and len(set(colours.values())) == len(colours) else None


def _refuse_smooth(total: Counter, what: str, paths: Sequence[Path], held: Sequence[Mapping]) -> None:
    """Classes are few, or at least not nearly all rare: blends of two classes' values are."""
    rare = sum(count < RARE * sum(total.values()) for count in total.values())
    often = len(total) - rare
    if len(total) > MOST_CLASSES + 1 or rare > max(FEW_RARE, 2 * often):
        example = max(range(len(held)), key=lambda i: len(held[i]))
        raise UserError(
            f"the masks hold {len(total)} {what}, {rare} of them in less than 0.1 % of the pixels ({paths[example]} alone "
            f"{len(held[example])}): {SMOOTH}; if all are classes, name them with --classes"
        )


def _refuse_unknown(held: Sequence[Mapping], known: Collection, paths: Sequence[Path], what: str, options: str) -> None:
    lines = []
    for one, path in zip(held, paths, strict=True):
        unknown = {value: count for value, count in sorted(one.items()) if value not in known}
        if unknown and what == "id":
            lines.append(f"{path}: {describe_ids(unknown, unknown.values())}")
        elif unknown:
            lines.append(f"{path}: " + listed([f"colour {r},{g},{b} ({n} px)" for (r, g, b), n in unknown.items()]))
    if lines:
        raise UserError(
            f"{len(lines)} of {len(paths)} masks hold {what}s that are no class, correct them or add to {options}:\n"
            + listed(lines, "\n")
        )
