"""Any recording as blocks of mono samples at one rate, however long it is."""

import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from sed_core.data.audio import (
    blocks,
    cut_off,
    ffmpeg_executable,
    last_line,
    mono_mix,
    shortfall,
)
from sed_core.data.resamplers import DEFAULT
from sed_core.data.resamplers import resampler as make_resampler

Samples = NDArray[np.float32]
BLOCK = 1 << 14  # frames of a pipe's block


class UnusableAudioError(Exception):
    """A file that cannot be used as audio; the message says why, as the end of a sentence."""


def stream_file(path: Path, *, sample_rate: int, resampler: str = DEFAULT) -> Iterator[Samples]:
    """The samples of `audio.read_clip`, block by block; memory is that of one block.

    What libsndfile does not know comes from ffmpeg through a pipe.

    Raises:
        UnusableAudioError: once it is found out, of a file that breaks off at its end.
    """
    if path.stat().st_size == 0:
        raise UnusableAudioError("the file has no bytes")
    try:
        sound = sf.SoundFile(path)
    except sf.SoundFileError:
        # Local files only: a text file may pose as a playlist of addresses.
        command = ["-protocol_whitelist", "file,pipe", "-i", f"file:{path}"]
        with ffmpeg_stream(command) as (rate, frames):
            yield from resampled(frames, rate, sample_rate, resampler)
        return
    with sound:
        count = 0

        def counted() -> Iterator[Samples]:
            nonlocal count
            for block in blocks(sound):
                count += len(block)
                yield block

        try:
            yield from resampled(counted(), sound.samplerate, sample_rate, resampler)
        except (RuntimeError, ValueError) as error:  # of libsndfile
            raise UnusableAudioError(" ".join(str(error).split())) from error
        if why := shortfall(sound, path, count):
            raise UnusableAudioError(why)


def resampled(
    frames: Iterator[Samples], rate: int, sample_rate: int, resampler: str
) -> Iterator[Samples]:
    """(n, channels) blocks at `rate` as mono blocks at `sample_rate`.

    All together have ceil(frames * sample_rate / rate) samples.

    Raises:
        UnusableAudioError: there are none, or some are not finite.
    """
    stream = make_resampler(resampler, rate, sample_rate)
    count = given = 0
    for block in frames:
        if not np.isfinite(block).all():
            raise UnusableAudioError("some samples are not finite numbers")
        count += len(block)
        found = stream.resample_chunk(mono_mix(block))
        given += len(found)
        yield found
    if not count:
        raise UnusableAudioError("the file holds no samples")
    rest = stream.resample_chunk(np.zeros(0, np.float32), last=True)
    missing = -(-count * sample_rate // rate) - given - len(rest)
    yield np.concatenate([rest, np.zeros(missing, np.float32)])


@contextmanager
def ffmpeg_stream(source: Sequence[str]) -> Iterator[tuple[int, Iterator[Samples]]]:
    """Rate and (n, channels) blocks of what ffmpeg reads.

    Args:
        source: its options for the input, with `-i`.

    Raises:
        UnusableAudioError: ffmpeg cannot read it, or it breaks off.
    """
    command = [ffmpeg_executable(), "-nostdin", "-loglevel", "error", *source, "-vn"]
    with tempfile.TemporaryFile() as remarks:  # a pipe could fill up and stop it
        process = subprocess.Popen(
            [*command, "-f", "au", "-acodec", "pcm_f32be", "-"],
            stdout=subprocess.PIPE,
            stderr=remarks,
        )
        assert process.stdout is not None
        try:
            head = process.stdout.read(24)
            if len(head) < 24:
                process.wait()
                raise UnusableAudioError(f"ffmpeg: {last_line(_whole(remarks))}")
            _, offset, _, _, rate, channels = struct.unpack(">4s5I", head)
            process.stdout.read(offset - len(head))
            yield rate, raw_blocks(process.stdout, dtype=">f4", channels=channels)
            if process.wait():
                raise UnusableAudioError(f"ffmpeg: {last_line(_whole(remarks))}")
            if why := cut_off(_whole(remarks)):
                raise UnusableAudioError(why)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def raw_blocks(
    stream: IO[bytes], *, dtype: str, channels: int, frames: int = BLOCK
) -> Iterator[Samples]:
    """(n, channels) blocks of raw samples from a pipe; whole numbers are scaled to full scale 1."""
    kind = np.dtype(dtype)
    size = kind.itemsize * channels
    scale = np.float32(1 / 2 ** (8 * kind.itemsize - 1) if kind.kind == "i" else 1)
    read = getattr(stream, "read1", stream.read)  # what is there, without waiting for a whole block
    left = b""
    while data := read(frames * size):
        data = left + data
        whole = len(data) // size * size
        left = data[whole:]
        if whole:
            block = np.frombuffer(data[:whole], kind).reshape(-1, channels)
            yield block.astype(np.float32) * scale


def _whole(remarks: IO[bytes]) -> bytes:
    remarks.seek(0)
    return remarks.read()
