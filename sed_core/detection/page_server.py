"""The server behind the page: its files, what the model is, and the scores of one recording.

It answers this machine only. A page of somebody else's cannot use it: its requests have another
Host (a name that was made to point here), another Origin, or no leave to send bytes of this type.
"""

import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sed_core.data.audio_stream import Samples, UnusableAudioError, stream_file
from sed_core.detection.page_files import page_files
from sed_core.detection.pipeline import Pipeline, refuse_infinite
from sed_core.runtime.errors import SedError

HOST = "127.0.0.1"
BYTES = "application/octet-stream"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def application(line: Pipeline, told: Mapping[str, Any]) -> Starlette:
    """The server.

    Args:
        line: that hears; one recording at a time.
        told: content of `page.json`; its `limits` bound what is taken.
    """
    busy = threading.Lock()
    limits = told["limits"]

    def hear(path: Path) -> bytes:
        with busy:
            return heard(line, path, limits["seconds"])

    async def take(request: Request) -> Response:
        """Bytes of a recording -> its scores; they lie in a temporary file meanwhile."""
        if request.headers.get("content-type") != BYTES:
            return refused(415, f"the recording must be sent as {BYTES}.")
        if not _of_this_page(request):
            return refused(403, "only the page that this server shows may send recordings.")
        size = 0
        with tempfile.NamedTemporaryFile(prefix="sedlab-") as file:
            async for block in request.stream():
                size += len(block)
                if size > limits["bytes"]:
                    return refused(413, too_large(limits["bytes"]))
                await run_in_threadpool(file.write, block)
            file.flush()
            try:
                found = await run_in_threadpool(hear, Path(file.name))
            except UnusableAudioError as error:
                return refused(422, f"this file cannot be used as audio ({error}).")
            except SedError as error:
                return refused(422, str(error))
        return Response(found, media_type=BYTES, headers=HEADERS)

    def shown(content: bytes, kind: str) -> Any:
        async def show(request: Request) -> Response:
            return Response(content, media_type=kind, headers=HEADERS)

        return show

    routes = [
        Route(f"/{'' if name == 'index.html' else name}", shown(content, kind))
        for name, (content, kind) in page_files().items()
    ]
    about = json.dumps(told).encode()
    routes += [
        Route("/page.json", shown(about, "application/json")),
        Route("/hear", take, methods=["POST"]),
    ]
    known = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=routes, middleware=[known])


def refused(status: int, why: str) -> Response:
    """The answer that tells why not."""
    return JSONResponse({"error": why}, status, headers=HEADERS)


def too_large(limit: int) -> str:
    """The sentence for a file of more bytes."""
    return (
        f"the file is larger than {limit / 1e6:g} MB, which is what this page takes; "
        "use `sedlab detect`, which takes files of any size."
    )


def _of_this_page(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or origin == f"http://{request.headers['host']}"


def heard(line: Pipeline, path: Path, longest: float) -> bytes:
    """Scores and samples of a recording, for the page.

    Args:
        line: that hears.
        path: of the recording.
        longest: seconds that are taken.

    Returns:
        Length of a JSON object (4 bytes, the lowest first); the object: `sample_rate`,
        `n_samples`, `n_frames`, padded with blanks to a multiple of four bytes; float32 scores
        (n_frames, C), as `sedlab detect` thresholds them; 16-bit samples, to be shown and played.

    Raises:
        UnusableAudioError: it is no audio.
        SedError: it is too long, or a score is not a number.
    """
    rate = line.listener.sample_rate
    kept: list[np.ndarray] = []

    def noted(blocks: Iterator[Samples]) -> Iterator[Samples]:
        count = 0
        for block in blocks:
            count += len(block)
            if count > longest * rate:
                raise SedError(
                    f"the recording is longer than {longest / 60:g} minutes, which is what this "
                    "page takes; use `sedlab detect`, which takes any length."
                )
            kept.append(np.clip(np.rint(block * 32768), -32768, 32767).astype("<i2"))
            yield block

    blocks = stream_file(path, sample_rate=rate, resampler=line.listener.resampler)
    scores = np.concatenate(list(line.scores(noted(blocks))))
    refuse_infinite(scores)
    samples = np.concatenate(kept)
    about = {"sample_rate": rate, "n_samples": len(samples), "n_frames": len(scores)}
    head = json.dumps(about).encode()
    head += b" " * (-len(head) % 4)
    size = len(head).to_bytes(4, "little")
    return b"".join([size, head, scores.astype("<f4").tobytes(), samples.tobytes()])
