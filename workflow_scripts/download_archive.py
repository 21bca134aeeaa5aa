"""Download one published file or archive, check it and, if it is an archive, unpack it."""

import argparse
import sys
from pathlib import Path

from sed_core.data.download.obtain import obtain
from sed_core.data.download.remotes import Remote, read_remotes
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json, write_json


def main(argv: list[str] | None = None) -> None:
    """Parse the arguments, obtain the remote, say what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--remote", help="name of a remote of DESED, or of the file given by --sources")
    add("--sources", type=Path, help="YAML or JSON with your own addresses (section `remotes`)")
    add("--url", action="append", default=[], help="address, in place of --remote; again: mirrors")
    add("--checksum", help="with --url: md5:… or sha256:…")
    add("--target", default=".", help="with --url: file, or with --unpack folder, below the root")
    add("--unpack", action="store_true", help="with --url: it is an archive")
    add("--root", type=Path, required=True, help="folder of the data set")
    add("--downloads", type=Path, default=Path("downloads"), help="folder that keeps archives")
    add("--at-most", type=float, help="MB; where more would be downloaded, nothing is")
    add("--done", type=Path, help="JSON to write when everything is there")
    args = parser.parse_args(argv)

    if args.url:
        kind = "archive" if args.unpack else "file"
        urls = tuple(args.url)
        name = f"own_{digest_json(urls)[:8]}"
        remote = Remote(name, "own", kind, args.target, urls, checksum=args.checksum)
    else:
        remotes = read_remotes(args.sources)
        names = sorted(remotes.archives)
        if args.remote not in names:
            raise SedError(f"--remote {args.remote} is unknown; choose one of {', '.join(names)}.")
        remote = remotes[args.remote]
    at_most = None if args.at_most is None else round(args.at_most * 1e6)
    result = obtain(remote, args.root, args.downloads, at_most=at_most)
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)
    for file in result.files:
        print(f"{file.path}: {file.size:,} bytes, checked by {file.checked}")
    if result.members:
        print(f"{args.root / remote.target}: {result.members:,} members unpacked")
    if args.done:
        files = [{"name": f.path.name, "size": f.size, "checked": f.checked} for f in result.files]
        write_json(args.done, {"remote": remote.name, "files": files, "members": result.members})


if __name__ == "__main__":
    run(main)
