"""Find sound events in a stream while it goes on.

By default raw samples come from standard input; --source takes whatever ffmpeg opens (a camera's
rtsp://, a file, a device with --ffmpeg-format), --microphone what the Python package sounddevice
does. A line tells when an event begins and when it is over, with --jsonl as JSON.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from sed_core.detection.__main__ import decision_arguments, request_of
from sed_core.runtime.cli import positive, run
from sed_core.runtime.errors import SedError

if TYPE_CHECKING:
    from sed_core.data.audio_stream import Samples
    from sed_core.detection.listener import Listener
    from sed_core.detection.live import LiveEvent

RAW = {"s16le": "<i2", "s32le": "<i4", "f32le": "<f4"}


def main(argv: list[str] | None = None, *, prog: str = "sedlab listen") -> None:
    """Parse arguments, listen until the stream ends or somebody interrupts."""
    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--source", help="what ffmpeg opens")
    add("--ffmpeg-format", help="of the source, such as alsa or pulse")
    add("--microphone", nargs="?", const="", metavar="DEVICE", help="needs sounddevice")
    add("--rate", type=positive, default=16000, help="of raw samples, Hz (default 16000)")
    add("--channels", type=positive, default=1, help="of raw samples (default 1)")
    add("--sample-format", choices=RAW, default="s16le", help="of raw samples (default s16le)")
    decision_arguments(parser)
    add("--hop", type=float, default=1.0, metavar="S", help="of a model.pt: how often it hears")
    add("--tail", type=float, metavar="S", help="of a model.pt: future of a frame (default 1, or "
        "what the network looks ahead, if less than its window)")  # fmt: skip
    add("--cool-down", type=float, default=0.0, metavar="S", help="silence of a class after it")
    add("--jsonl", action="store_true", help="JSON lines")
    add("--mqtt", metavar="HOST[:PORT]/TOPIC", help="send the JSON lines to a broker, too")
    args = parser.parse_args(argv)

    from sed_core.detection.listener import SystemListener
    from sed_core.detection.live import LiveSystemListener, live_events
    from sed_core.detection.models import load_listener
    from sed_core.detection.mqtt import Publisher
    from sed_core.detection.pipeline import Pipeline
    from sed_core.runtime.device import prepare, torch_device

    request = request_of(args)
    prepare(gpus=request.gpus, threads=request.threads)
    listener = load_listener(
        args.model, torch_device(), network=args.network, weights=args.weights, live=True
    )
    if isinstance(listener, SystemListener):
        if listener.tuned is not None and args.median_window is None:
            raise SedError(
                "this model's post-processing needs whole recordings; give --median-window to "
                "listen without it."
            )
        listener = LiveSystemListener(listener, hop=args.hop, tail=args.tail)
    pipeline = Pipeline(listener, request.decisions)
    window = pipeline.median_window
    half = (window if isinstance(window, int) else max(window)) // 2
    delay = listener.latency + (1 + half) * listener.frame_seconds + args.min_length
    print(
        f"Listening with {len(pipeline.classes)} classes; a begin is told at most {delay:.2f} s "
        "after it, and computing on top.",
        file=sys.stderr,
    )
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        broker = stack.enter_context(Publisher(args.mqtt)) if args.mqtt else None
        blocks = until_interrupted(_blocks(args, listener, stack))
        for event in live_events(pipeline, blocks, cool_down=args.cool_down):
            line = _json(event)
            print(line if args.jsonl else _words(event), flush=True)
            if broker:
                broker.publish(line)


def until_interrupted(blocks: "Iterator[Samples]") -> "Iterator[Samples]":
    """Ctrl-C is how a stream is left: what is heard then ends as it does at the stream's end."""
    with suppress(KeyboardInterrupt):
        yield from blocks


def _json(event: "LiveEvent") -> str:
    label = event.label
    content: dict[str, Any] = {
        "state": event.state,
        "event_label": label.name,
        "onset": label.onset,
        "offset": label.offset if event.state == "end" else None,
        "mean_score": label.mean,
        "peak_score": label.peak,
        "heard": round(event.heard, 3),
    }
    return json.dumps(content, ensure_ascii=False)


def _words(event: "LiveEvent") -> str:
    label = event.label
    times = f"{label.onset:9.2f} s" + (
        f" to {label.offset:9.2f} s" if event.state == "end" else " " * 15
    )
    return f"{event.state:5} {times}  {label.name} ({label.mean:.2f}, peak {label.peak:.2f})"


def _blocks(
    args: argparse.Namespace, listener: "Listener", stack: ExitStack
) -> "Iterator[Samples]":
    """Mono blocks at the listener's rate."""
    from sed_core.data.audio_stream import (
        UnusableAudioError,
        ffmpeg_stream,
        raw_blocks,
        resampled,
    )

    rate = args.rate
    if args.source is not None:
        form = ["-f", args.ffmpeg_format] if args.ffmpeg_format else []
        try:
            rate, frames = stack.enter_context(ffmpeg_stream([*form, "-i", args.source]))
        except UnusableAudioError as error:
            raise SedError(f"{args.source} cannot be heard ({error}).") from error
    elif args.microphone is not None:
        frames = _microphone(args.microphone, rate, stack)
    else:
        frames = raw_blocks(
            sys.stdin.buffer, dtype=RAW[args.sample_format], channels=args.channels, frames=1600
        )
    try:
        yield from resampled(frames, rate, listener.sample_rate, listener.resampler)
    except UnusableAudioError as error:
        raise SedError(f"the stream cannot be heard ({error}).") from error


def _microphone(device: str, rate: int, stack: ExitStack) -> "Iterator[Samples]":
    from importlib import import_module

    try:
        sounddevice = import_module("sounddevice")
    except (ImportError, OSError) as error:  # OSError: without the library PortAudio
        raise SedError(
            f"the microphone needs sounddevice ({error}); in the clone: pip install '.[live]', and "
            "the library PortAudio (on Debian: apt install libportaudio2), or pipe samples in."
        ) from error
    name = int(device) if device.isdigit() else device or None
    try:
        stream = sounddevice.InputStream(samplerate=rate, channels=1, device=name, dtype="float32")
        stack.enter_context(stream)
        while True:
            yield stream.read(rate // 10)[0].copy()
    except (ValueError, sounddevice.PortAudioError) as error:
        raise SedError(
            f"the microphone cannot be used ({error}); --microphone takes a number or a name "
            "from the list of: python -m sounddevice."
        ) from error


if __name__ == "__main__":
    run(main)
