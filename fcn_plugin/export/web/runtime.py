"""Version and hashes of onnxruntime-web, the page's runtime; the browser checks the hashes before it runs a file."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...errors import UserError, printable

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
PACKED = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # npm's archive
)
CDN = f"https://cdn.jsdelivr.net/npm/{PACKAGE}/dist/"  # serves the archive's files unchanged
FOLDER = "onnxruntime-web/"
# engine -> its script and program; single-threaded, so that the server needs no special headers
FILES = {
    "wasm": {
        "script": (
            "ort.wasm.bundle.min.mjs",
            "sha384-PLWz+nHEVHpjwBsO0YVdvQj6n5814Iv8E3b8FG0Rp/uIAtjFMCKOpP66iPzedrIG",
        ),
        "program": (
            "ort-wasm-simd-threaded.wasm",
            "sha384-vjBJ1z7qrhkTyYsNqKeF6c7N+nOJSU94czEo+tvZcu8G75JparGq9kB+kTnEUNVM",
        ),
    },
    "webgpu": {
        "script": (
            "ort.webgpu.bundle.min.mjs",
            "sha384-1ntMeyj+z5diX6vBR5h+zlJBPc4iNvhCxE6nlammh8daBYcLBZkzrwDkuJjhwI+f",
        ),
        "program": (
            "ort-wasm-simd-threaded.asyncify.wasm",
            "sha384-EPVDLTxuO663dkZO/pcKJF6vOyyfq/5z9FY1oksN0UWFX2ABH4wDDZQHeNoUleWR",
        ),
    },
}
SECONDS = 600  # time limit for npm, which downloads 33 MB


def described(offline: bool) -> dict[str, Any]:
    """Return the version, the folder or CDN of the files, and their names and hashes per engine, for the page."""
    engines = {
        engine: {part: dict(file=file, integrity=integrity) for part, (file, integrity) in parts.items()}
        for engine, parts in FILES.items()
    }
    return dict(version=VERSION, base=FOLDER if offline else CDN, engines=engines)


def fetch() -> dict[str, bytes]:
    """Get the files from npm's registry or cache; return name -> content.

    Raises:
        UserError: ``requirements`` without npm; ``download`` if npm can't get the package, or its checksum is wrong.
    """
    if not shutil.which("npm"):
        remedy = "install Node.js, or remove --offline to let the page load it from a CDN"
        raise UserError("requirements", f"--offline needs npm for {PACKAGE}, which is not installed: {remedy}")
    with TemporaryDirectory() as folder:
        command = ["npm", "pack", PACKAGE, "--silent", "--prefer-offline", "--pack-destination", folder]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
            reason = done.stderr.strip() or f"npm ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            reason = f"no answer in {SECONDS} s"
        archive = Path(folder, f"onnxruntime-web-{VERSION}.tgz")
        if not archive.is_file():
            remedy = "check the network, or remove --offline to let the page load it from a CDN"
            raise UserError("download", f"npm can't download {PACKAGE} ({printable(reason, 300)}): {remedy}")
        return unpack(archive)


def unpack(archive: Path) -> dict[str, bytes]:
    """Return name -> content of npm's archive; UserError: ``download`` if its checksum is wrong."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != PACKED:
        raise UserError("download", f"{PACKAGE} from npm has checksum {found}, not {PACKED}: try again later")
    names = [file for parts in FILES.values() for file, _ in parts.values()]
    with tarfile.open(archive) as packed:
        files = ((name, packed.extractfile(f"package/dist/{name}")) for name in names)
        return {name: file.read() for name, file in files if file is not None}
