"""A piece of any audio or video file as 16-bit mono wav, with ffmpeg."""

import subprocess
from functools import cache
from pathlib import Path

import ffmpeg
import soundfile

from sed_core.data.audio import ffmpeg_executable
from sed_core.data.download.reasons import ClipError

SAMPLE_RATE = 44_100  # Hz; what DESED is made of
SHORTEST = 0.1  # s; less than this is no clip
TIMEOUT = 600.0  # s


@cache
def resampler() -> str:
    """The better of ffmpeg's two resamplers, where it is compiled in."""
    command = [ffmpeg_executable(), "-hide_banner", "-buildconf"]
    built = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return "soxr" if "--enable-libsoxr" in built else "swr"


def cut(source: Path, target: Path, *, start: float, end: float) -> None:
    """Write seconds [start, end) of `source` to `target` as 44.1 kHz mono 16-bit wav.

    The piece is shorter where the source ends early. Equal sources give equal bytes.

    Raises:
        ClipError: ffmpeg failed, or the source ends before `start`.
    """
    command = (
        # Local files only: a text may pose as a playlist of addresses.
        ffmpeg.input(str(source), protocol_whitelist="file,pipe")
        # Not by seeking (ss=…): that puts AAC in m4a 16 ms off.
        .audio.filter("atrim", start=start, end=end)
        .filter("asetpts", "PTS-STARTPTS")
        .filter("aresample", SAMPLE_RATE, resampler=resampler())
        .output(
            str(target),
            format="wav",
            acodec="pcm_s16le",
            ac=1,
            map_metadata=-1,
            fflags="+bitexact",
        )
        .global_args("-nostdin", "-hide_banner", "-loglevel", "error")
        .overwrite_output()
        .compile(cmd=ffmpeg_executable())
    )
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise ClipError(f"ffmpeg took more than {TIMEOUT:.0f} s", "ffmpeg") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise ClipError(f"ffmpeg: {words[-1] if words else done.returncode}", "ffmpeg")
    if soundfile.info(str(target)).duration < SHORTEST:
        raise ClipError(f"the stream ends before {start:g} s", "ffmpeg")
