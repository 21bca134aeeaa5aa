"""A page to try a model on: drop a sound, see and hear its events.

The page is on this machine only (127.0.0.1) and asks nobody outside. It computes what `sedlab
detect` computes; thresholds are moved in the page, and labels are saved from it.

With --export the same page becomes a folder of files for any web server, in which the model runs in
the browser.
"""

import argparse
import socket
from pathlib import Path

from sed_core.runtime.cli import positive, run
from sed_core.runtime.errors import SedError

MEGABYTES, MINUTES = 300, 60


def main(argv: list[str] | None = None, *, prog: str = "sedlab serve") -> None:
    """Parse arguments, load the model, serve until interrupted."""
    from sed_core.detection.__main__ import decision_arguments, request_of

    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    decision_arguments(parser)
    add = parser.add_argument
    add("--port", type=int, default=8731, help="of the page (default 8731; 0: any that is free)")
    add("--largest", type=positive, default=MEGABYTES, help="MB of a file (default 300)")
    add("--longest", type=positive, default=MINUTES, help="minutes of a recording (default 60)")
    add(
        "--export", type=Path, metavar="FOLDER", help="write the page as static files, do not serve"
    )
    add(
        "--onnxruntime-web",
        type=Path,
        metavar="FILE",
        help="npm package that --export takes the runtime from (default: fetched once, checked)",
    )
    args = parser.parse_args(argv)
    limits = {"bytes": args.largest * 1_000_000, "seconds": args.longest * 60}
    if args.export:
        _write(args, limits)
        return

    try:
        import uvicorn

        from sed_core.detection.page_server import application
    except ImportError as error:
        raise SedError(
            "the page needs starlette and uvicorn; install them with: pip install -e '.[serve]'."
        ) from error
    from sed_core.detection.batch import pipeline
    from sed_core.detection.page_files import about_model

    line = pipeline(request_of(args))
    told = {**about_model(line, Path(args.model).name), "backend": "server", "limits": limits}
    listening = bound(args.port)
    host, port = listening.getsockname()
    print(f"The page is at http://{host}:{port} (Ctrl+C ends it).", flush=True)
    config = uvicorn.Config(application(line, told), log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


def _write(args: argparse.Namespace, limits: dict[str, int]) -> None:
    """The page as files."""
    from sed_core.detection.__main__ import request_of
    from sed_core.detection.batch import pipeline
    from sed_core.detection.page_export import write_page

    write_page(
        args.export,
        pipeline(request_of(args)),
        model=args.model,
        network=args.network,
        weights=args.weights,
        limits=limits,
        runtime=args.onnxruntime_web,
    )
    print(f"The page is in {args.export}; try it: python -m http.server -d {args.export}")


def bound(port: int) -> socket.socket:
    """A socket of this machine only.

    Raises:
        SedError: the port is taken, or is none.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()  # from now on nobody is refused
    except (OSError, OverflowError) as error:
        listening.close()
        raise SedError(
            f"port {port} cannot be used ({error}); give another one with --port, or 0 for any."
        ) from error
    return listening


if __name__ == "__main__":
    run(main)
