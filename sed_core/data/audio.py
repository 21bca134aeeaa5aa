"""Reading any recording as mono samples at one rate, block by block."""

import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg
import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from sed_core.data.resamplers import DEFAULT
from sed_core.data.resamplers import resampler as make_resampler

TOLERANCE = 0.05  # s: encoders count their padding in different ways
OPEN = 2**31 - 2**16  # bytes: from about here on, a length is what streams say that have no end yet

_SIZES = re.compile(r"^ *(?:data|SSND|Data Size|riff) +: (\d+) \(should be (\d+)\)", re.MULTILINE)
_MP3_LENGTHS = (b"Xing", b"Info", b"VBRI")  # in the first frame; without one, a length is a guess
_MP3_FRAME = 2048  # bytes: none is longer

SUFFIXES = (
    ".wav",
    ".flac",
    ".ogg",
    ".opus",
    ".mp3",
    ".m4a",
    ".aac",
    ".aif",
    ".aiff",
    ".au",
    ".webm",
)
INT16 = 32768  # full scale of 16-bit files
FULL_SCALE = 0.9999  # samples at or above this may have been cut off

CUT_OFF = ("partial file", "File ended prematurely")  # ffmpeg's remarks, which are no errors to it

_BLOCK = 1 << 16  # frames; stays in the cache, where longer ones cost page faults


class TruncatedError(sf.SoundFileRuntimeError):
    """A file that breaks off before the end that it announces."""


@dataclass(frozen=True)
class AudioClip:
    """What reading one file gave.

    Attributes:
        status: ok, unreadable, truncated (its header tells of more sound than there is), empty (no
            samples) or nan (not finite somewhere).
        note: why the file cannot be used.
        duration: seconds, of the file at its own rate.
        sample_rate: of the file, Hz.
        channels: of the file.
        peak: largest magnitude in any channel, full scale being 1.
        rms: root mean square of the mono mix at the file's own rate.
        full_scale: share of the samples at full scale.
        samples: (n,) float32, mono at the rate asked for, full scale 1; of `read_clip` where ok.
    """

    status: str
    note: str = ""
    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    peak: float = 0.0
    rms: float = 0.0
    full_scale: float = 0.0
    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


class ClipBlocks:
    """The samples of a file, block by block, and, once all are taken, what reading it gave.

    Channels are averaged, and the rate is changed. Memory is one block of the file (under 1 MB a
    channel), however long it is. A file that cannot be used is told by the status of `clip`;
    nothing is raised for it. All blocks together have ceil(frames * sample_rate / rate) samples,
    which count only if that status is ok.

    Attributes:
        clip: what reading gave, without samples.
    """

    def __init__(self, path: str | Path, *, sample_rate: int, resampler: str = DEFAULT) -> None:
        self._path, self._rate, self._resampler = Path(path), sample_rate, resampler
        self.clip = AudioClip("unreadable", "it was not read to its end")

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Read the file."""
        file = self._path
        try:
            if file.stat().st_size == 0:
                self.clip = AudioClip("empty", "the file has no bytes")
                return
            with open_audio(file) as sound:
                self.clip = yield from _read(sound, self._rate, self._resampler, file)
        except TruncatedError as error:
            self.clip = AudioClip("truncated", str(error))
        except (RuntimeError, ValueError, OSError) as error:  # of libsndfile and soxr
            why = " ".join(str(error).replace(str(file), file.name).split())
            self.clip = AudioClip("unreadable", why)


def read_clip(path: str | Path, *, sample_rate: int, resampler: str = DEFAULT) -> AudioClip:
    """Read a whole file as `ClipBlocks` does; memory is 4 bytes a sample of the result."""
    blocks = ClipBlocks(path, sample_rate=sample_rate, resampler=resampler)
    samples = [np.zeros(0, dtype=np.float32), *blocks]
    if blocks.clip.status != "ok":
        return blocks.clip
    return replace(blocks.clip, samples=np.concatenate(samples))


@contextmanager
def open_audio(path: Path) -> Iterator[sf.SoundFile]:
    """Open a file with libsndfile or, where that does not know the format, through ffmpeg.

    Raises:
        soundfile.SoundFileError: neither can read it; the message says why.
    """
    try:
        sound = sf.SoundFile(path)
    except sf.SoundFileError as error:
        with tempfile.TemporaryDirectory(prefix="sed-decode-") as folder:
            decoded = Path(folder) / "decoded.w64"  # a wav, without its limit of 4 GB
            _decode(path, decoded, reason=error)
            with sf.SoundFile(decoded) as sound:
                yield sound
    else:
        with sound:
            yield sound


def ffmpeg_executable() -> str:
    """The ffmpeg of this machine, else the one that comes with the Python package."""
    return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())


def _decode(source: Path, target: Path, *, reason: Exception) -> None:
    # Local files only: a text file may pose as a playlist of addresses.
    stream = ffmpeg.input(str(source), protocol_whitelist="file,pipe")
    stream = ffmpeg.output(stream.audio, str(target), acodec="pcm_f32le", loglevel="error")
    try:
        run = stream.global_args("-nostdin").run
        _, remarks = run(cmd=ffmpeg_executable(), capture_stderr=True)
    except ffmpeg.Error as error:
        why = last_line(error.stderr).replace(f"{source}: ", "")
        raise sf.SoundFileRuntimeError(f"libsndfile: {reason} ffmpeg: {why}.") from error
    if why := cut_off(remarks):
        raise TruncatedError(why)


def last_line(remarks: bytes) -> str:
    """Why ffmpeg failed, from what it wrote."""
    lines = remarks.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def cut_off(remarks: bytes) -> str:
    """That a recording breaks off, if ffmpeg remarked so; to ffmpeg that is no error."""
    said = remarks.decode(errors="replace")
    found = next((words for words in CUT_OFF if words in said), None)
    return f"it breaks off before its end (ffmpeg: {found})" if found else ""


def blocks(sound: sf.SoundFile) -> Iterator[NDArray[np.float32]]:
    """(frames, channels) blocks, full scale being 1."""
    # 16-bit files are read as such and scaled here, which is exact and ten times as fast.
    dtype = "int16" if sound.subtype == "PCM_16" else "float32"
    while len(block := sound.read(_BLOCK, dtype=dtype, always_2d=True)):
        yield np.multiply(block, np.float32(1 / INT16)) if dtype == "int16" else block


def mono_mix(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over channels, one column at a time (numpy is slow along a short axis)."""
    total = block[:, 0]
    if block.shape[1] == 1:
        return total
    for channel in range(1, block.shape[1]):
        total = total + block[:, channel]
    return total / np.float32(block.shape[1])


def _read(
    sound: sf.SoundFile, sample_rate: int, resampler: str, file: Path
) -> Generator[NDArray[np.float32], None, AudioClip]:
    stream = make_resampler(resampler, sound.samplerate, sample_rate)
    peak, energy, at_full_scale, frames, given = 0.0, 0.0, 0, 0, 0
    for block in blocks(sound):
        top = float(max(block.max(), -block.min()))  # NaN and infinity carry through
        if not np.isfinite(top):
            return AudioClip("nan", "some samples are not finite numbers", **_shape(sound, frames))
        mono = mono_mix(block)
        frames += len(block)
        peak = max(peak, top)
        energy += float(np.einsum("i,i->", mono, mono))
        if top >= FULL_SCALE:
            at_full_scale += int(np.count_nonzero(np.abs(block) >= FULL_SCALE))
        resampled = stream.resample_chunk(mono)
        given += len(resampled)
        yield resampled
    if not frames:
        return AudioClip("empty", "the file holds no samples", **_shape(sound, 0))
    if note := shortfall(sound, file, frames):
        return AudioClip("truncated", note, **_shape(sound, frames))
    rest = stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
    # resampy rounds the length down, soxr to the nearest; librosa's convention is to round up.
    length = -(-frames * sample_rate // sound.samplerate)
    yield np.concatenate([rest, np.zeros(length - given - len(rest), dtype=np.float32)])
    return AudioClip(
        "ok",
        peak=peak,
        rms=float(np.sqrt(energy / frames)),
        full_scale=at_full_scale / (frames * sound.channels),
        **_shape(sound, frames),
    )


def _shape(sound: sf.SoundFile, frames: int) -> dict[str, Any]:
    return {
        "duration": frames / sound.samplerate,
        "sample_rate": sound.samplerate,
        "channels": sound.channels,
    }


def shortfall(sound: sf.SoundFile, path: Path, frames: int) -> str:
    """That a file lacks sound which its header announces, for arguments of `missing_seconds`."""
    missing, held = missing_seconds(sound, path, frames), frames / sound.samplerate
    if not missing:
        return ""
    return f"its header tells of {held + missing:.2f} s, but it holds {held:.2f} s"


def missing_seconds(sound: sf.SoundFile, path: Path, frames: int) -> float:
    """Seconds of sound that the header announces and the file lacks; 0 if it is complete.

    libsndfile reads what is there and reports the rest as its end; only its log says that the
    header told of more.

    Args:
        sound: the open file.
        path: of it.
        frames: that it gave.
    """
    missing = 0.0
    if sound.format != "MP3" or _tells_length(path):
        missing = (sound.frames - frames) / sound.samplerate
    for told, held in _SIZES.findall(sound.extra_info):
        if int(held) < int(told) < OPEN:
            missing = (int(told) / int(held) - 1) * frames / sound.samplerate
    return missing if missing > TOLERANCE else 0.0


def _tells_length(path: Path) -> bool:
    """Whether an MP3 file begins, after its ID3 tag, with a frame that counts the others."""
    with path.open("rb") as stream:
        tag = stream.read(10)
        size = 0
        if tag[:3] == b"ID3":
            for byte in tag[6:10]:  # 7 bits each
                size = size << 7 | byte & 0x7F
            size += len(tag)
        stream.seek(size)
        start = stream.read(_MP3_FRAME)
    return any(word in start for word in _MP3_LENGTHS)
