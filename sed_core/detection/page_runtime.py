"""What runs ONNX in a browser: two files of onnxruntime-web, fetched once and checked."""

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from sed_core.data.download.checksum import problem
from sed_core.data.download.resumable_http import Download, fetch_all
from sed_core.detection.models import cache
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic

VERSION = "1.30.0"
FILES = {
    "ort.wasm.bundle.min.mjs": (
        73_054,
        "sha256:11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
    "ort-wasm-simd-threaded.wasm": (
        14_239_897,
        "sha256:3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
}
"""Name -> bytes and checksum: onnxruntime on the processor, and nothing else of the package."""
ADDRESSES = ("https://cdn.jsdelivr.net/npm", "https://unpkg.com")


def runtime_files(package: Path | None = None) -> list[Path]:
    """The files, from the cache; fetched to it the first time.

    Args:
        package: the npm package `onnxruntime-web` as `npm pack` gives it, to take them from; None:
            from public mirrors, or by npm where no mirror answers.

    Raises:
        SedError: they cannot be had, or the package is of another version.
    """
    folder = cache() / f"onnxruntime-web-{VERSION}"
    paths = [folder / name for name in FILES]
    if package is None and not all(path.is_file() for path in paths):
        _fetch(folder)
    elif package is not None:
        _unpack(package, folder)
    for path in paths:
        if wrong := problem(path, *FILES[path.name]):
            raise SedError(f"{path} {wrong}; delete it and run the same command again.")
    return paths


def _fetch(folder: Path) -> None:
    downloads = [
        Download(
            folder / name,
            tuple(f"{address}/onnxruntime-web@{VERSION}/dist/{name}" for address in ADDRESSES),
            size,
            checksum,
        )
        for name, (size, checksum) in FILES.items()
    ]
    try:
        fetch_all(downloads)
    except SedError as error:
        with tempfile.TemporaryDirectory() as place:
            if not _packed(Path(place)):
                raise SedError(
                    f"{error} Or get the package with `npm pack onnxruntime-web@{VERSION}` and "
                    "give the file with --onnxruntime-web."
                ) from error
            _unpack(next(Path(place).glob("*.tgz")), folder)


def _packed(folder: Path) -> bool:
    """Whether npm, with the addresses that it is set up for, could get the package."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    command = [npm, "pack", "--silent", f"onnxruntime-web@{VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return done.returncode == 0 and any(folder.glob("*.tgz"))


def _unpack(package: Path, folder: Path) -> None:
    """Take the files out of the package, by their last names only."""
    try:
        with tarfile.open(package) as archive:
            found = {
                PurePosixPath(member.name).name: member
                for member in archive
                if member.isfile() and PurePosixPath(member.name).parent.name == "dist"
            }
            for name, (size, checksum) in FILES.items():
                stream = archive.extractfile(found[name])
                assert stream is not None
                with atomic(folder / name) as draft:
                    with draft.open("wb") as target:
                        shutil.copyfileobj(stream, target)
                    if wrong := problem(draft, size, checksum):
                        raise SedError(
                            f"{package}: {name} {wrong}; give onnxruntime-web {VERSION}."
                        )
    except (OSError, KeyError, tarfile.TarError) as error:
        raise SedError(
            f"{package} is not the npm package onnxruntime-web ({error}); get it with `npm pack "
            f"onnxruntime-web@{VERSION}`."
        ) from error
