"""Pair images with masks by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from ....errors import UserError, abbreviate
from ..files import Pairs, missing_notes
from .tails import Variant, best_variant, tails, without_tail
from .views import Files, Mask, views
from .words import is_other_kind

CHOOSE = "Choose one with --mask-suffix or --masks, or merge masks of one class each with --per-class"


class Match(NamedTuple):
    """Attributes: ``images``, name to compare -> file; ``masks``; the tails of ``images``; the ``variant`` with most matches."""

    images: Mapping[str, str]
    masks: list[Mask]
    image_tails: tuple[str, ...]
    variant: Variant
    one_folder: bool

    def names(self) -> dict[str, str]:
        """Return the name of each image file's results: its path without suffix and tail."""
        bare = {file: PurePosixPath(file).with_suffix("").as_posix() for file in self.images.values()}
        return {file: without_tail(name, self.image_tails) or name for file, name in bare.items()}


def match(images: Files, masks: Files, tail: str | None, image_tail: str | None) -> Match:
    """Find the view and the tails with which most images have a mask; UserError: ``mask-unpaired``."""
    best: Match | None = None
    most, one_folder = 0, images is masks
    for view in views(images, masks):
        found = best_variant(view.images.keys(), view.masks, tail, image_tail, one_folder)
        if found and found[0] > most:
            most, image_tails, variant = found
            stems = ((without_tail(name, image_tails), file) for name, file in view.images.items())
            named = {stem: file for stem, file in stems if stem is not None}
            best = Match(named, view.masks, image_tails, variant, one_folder)
        if one_folder or most > len(images) / 2 or most == len(masks):  # no looser view is needed
            break
    if best is None:
        examples = f"images {abbreviate([*images.values()])}; masks {abbreviate([*masks.values()])}"
        remedy = "name masks like their images, optionally with a common suffix such as a_mask.png"
        raise UserError("mask-unpaired", f"no mask has the name of an image ({examples}): {remedy}")
    return best


def pair(
    images: Files, masks: Files, tail: str | None = None, allow_missing: bool = False, image_tail: str | None = None
) -> Pairs:
    """Pair by common tails of the names; None: those with most matches. Pass the same mapping twice for a shared folder.

    Raises:
        UserError: image-unpaired, mask-unpaired; mask-name: several kinds of masks match, and no name is decisive.
    """
    found = match(images, masks, tail, image_tail)
    kind, end = found.variant
    mask_of = {m.name.removesuffix(end): m.file for m in found.masks if m.kind == kind and m.name.endswith(end)}
    paired = {name: file for name, file in found.images.items() if name in mask_of}
    used = {*paired.values(), *(mask_of[name] for name in paired)}
    notes = _others(found, paired, used, tail)
    notes = missing_notes(lone(images, found, used, set(paired)), allow_missing) + notes
    if end not in found.image_tails or kind:
        of_images = "".join(f", images IMAGE{tail}" for tail in found.image_tails if tail)
        notes.append(f"masks are named {f'{kind}/' if kind else ''}IMAGE{end}{of_images}")
    names = found.names()
    files = [*paired.values()]
    return Pairs([names[file] for file in files], files, [mask_of[name] for name in paired], notes)


def lone(images: Files, found: Match, used: set[str], paired: set[str]) -> dict[str, tuple[str, list[str]]]:
    """List images and masks without partner; an image's other files, such as Cityscapes' _color, don't count."""
    beside = {m.file for m in found.masks if any(tails(m.name, paired))} if found.one_folder else ()
    others = () if found.one_folder else found.masks
    return {
        "image-unpaired": ("images without mask", [f for f in images.values() if f not in used and f not in beside]),
        "mask-unpaired": (
            "masks without image",
            [m.file for m in others if m.file not in used and not [*tails(m.name, found.images)]],
        ),
    }


def _others(found: Match, paired: Mapping[str, str], used: set[str], tail: str | None) -> list[str]:
    """List the unused masks; UserError: ``mask-name`` if they are as likely as the chosen ones."""
    chosen, counts = found.variant, Counter[Variant]()
    for mask in found.masks:
        ends = [end for end in tails(mask.name, paired) if not (found.one_folder and end in found.image_tails)]
        if mask.file not in used and (ends or mask.kind != chosen.kind):
            counts[Variant(mask.kind, ends[0] if ends else "")] += 1
    rivals = [variant for variant in counts if not is_other_kind(str(variant))]
    if tail is None:
        unclear = [*rivals] if not chosen.is_clear else [other for other in rivals if other.kind != chosen.kind]
    else:
        unclear = [other for other in rivals if other.tail == tail]
    listed = [f"{variant} ({count})" for variant, count in counts.most_common()]
    if unclear:
        kinds = f"{chosen} ({len(paired)}), {abbreviate(listed, 10)}"
        raise UserError("mask-name", f"several kinds of masks: {kinds}. {CHOOSE}")
    return [f"not used: masks {abbreviate(listed, 10)}"] if listed else []
