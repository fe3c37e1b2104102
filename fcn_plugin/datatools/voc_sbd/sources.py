"""Find the releases: named by the user, in the data folder, or on the net."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...errors import UserError
from .archives import extract, missing_part
from .download import fetch
from .releases import RELEASES, Release, how_to_get

NEEDED = ("voc2012", "sbd")


def find_trees(
    given: Mapping[str, str | None], data_dir: str | Path, download: bool = False, force: bool = False
) -> dict[str, Path]:
    """Folders of the releases, after extracting archives.

    Args:
        given: a folder or an archive by release (``voc2012``, ``voc2011``, ``sbd``); None or no entry: look in ``data_dir``.
        data_dir: where archives lie, are downloaded to and extracted to.
        download: fetch what is not there.
        force: extract over what is there.

    Returns:
        Tree by release; ``voc2011`` may lack.

    Raises:
        UserError: a release is not there, or not what it should be; says which files to put where.
    """
    root = Path(data_dir)
    trees = {name: _find_tree(release, given.get(name), root, force) for name, release in RELEASES.items()}
    _refuse_one_for_both(trees["voc2012"], trees["voc2011"])
    missing = [name for name, tree in trees.items() if tree is None]
    for name in missing if download else ():
        try:
            archive = fetch(RELEASES[name], root)
        except UserError as error:
            absent = [name for name in missing if trees[name] is None]
            raise UserError(f"{error}\nwithout a connection {how_to_get(absent, root)}") from error
        trees[name] = extract(archive, RELEASES[name], root, force)
    if any(trees[name] is None for name in NEEDED):
        titles = " and ".join(RELEASES[name].title for name in missing if name in NEEDED)
        raise UserError(f"no {titles} in {root}: --download fetches what is missing, or {how_to_get(missing, root)}")
    return {name: tree for name, tree in trees.items() if tree is not None}


def _refuse_one_for_both(voc2012: Path | None, voc2011: Path | None) -> None:
    """Raise a UserError where one tree was found for both years: both have the parts that VOC 2011 must have."""
    if voc2012 and voc2011 and voc2012.samefile(voc2011):
        raise UserError(
            f"{voc2011} was found as {RELEASES['voc2012'].title} and as {RELEASES['voc2011'].title}: name each "
            "one's own folder by --voc2012 and --voc2011 (or leave that out), and as --data-dir a folder above them"
        )


def _find_tree(release: Release, given: str | None, root: Path, force: bool) -> Path | None:
    """The release's folder; None if it was not given and is not in the data folder."""
    archive = Path(given) if given else root / release.archive
    if archive.is_file():
        return extract(archive, release, root, force)
    folder = Path(given) if given else root
    steps = release.tree.parts
    # the folder may be the tree itself or any of those above it
    for path in (folder.joinpath(*steps[start:]) for start in range(len(steps), -1, -1)):
        if missing_part(path, release) is None:
            return path
    if given:
        parts = ", ".join(release.parts)
        raise UserError(f"no {release.title} at {given}: give {release.archive}, or the folder that holds {parts}")
    return None
