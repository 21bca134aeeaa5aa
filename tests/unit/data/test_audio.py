import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from scipy.signal import resample_poly

from sed_core.data import audio
from sed_core.data.audio import ffmpeg_executable, read_clip
from sed_core.data.manifest import manifest_row

RATE = 16000
Write = Callable[..., Path]  # the fixture `write`


def test_files_at_the_target_rate_keep_their_samples(write: Write) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, 5000, dtype=np.int16)
    clip = read_clip(write(samples=samples, rate=RATE), sample_rate=RATE)
    np.testing.assert_array_equal(clip.samples, samples / np.float32(32768))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
@pytest.mark.parametrize("frames", [1, 50_000, 100_001])
def test_blocks_equal_one_soxr_call(write: Write, rate: int, frames: int) -> None:
    samples = 0.3 * np.random.default_rng(rate).standard_normal(frames).astype(np.float32)
    clip = read_clip(
        write(samples=samples, rate=rate, subtype="FLOAT"), sample_rate=RATE, resampler="soxr_hq"
    )
    whole = soxr.resample(samples, rate, RATE, quality="HQ")
    assert clip.status == "ok" and len(clip.samples) == -(-frames * RATE // rate)
    np.testing.assert_array_equal(clip.samples[: len(whole)], whole)
    assert not clip.samples[len(whole) :].any()


def test_a_sine_stays_one(write: Write) -> None:
    """Against the sine itself and scipy's polyphase filter, away from the edges."""
    time = np.arange(2 * 44100) / 44100
    sine = (0.5 * np.sin(2 * np.pi * 997 * time)).astype(np.float32)
    clip = read_clip(write(samples=sine, subtype="FLOAT"), sample_rate=RATE, resampler="soxr_hq")
    inner = slice(1600, -1600)
    exact = 0.5 * np.sin(2 * np.pi * 997 * np.arange(2 * RATE) / RATE)
    np.testing.assert_allclose(clip.samples[inner], exact[inner], atol=1e-4)
    polyphase = resample_poly(sine, 160, 441)
    np.testing.assert_allclose(clip.samples[inner], polyphase[inner], atol=2e-3)


def test_what_is_above_the_new_nyquist_goes(write: Write) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 12000 * np.arange(44100) / 44100)
    path = write(samples=tone)
    for resampler, left in (("soxr_hq", 2e-5), ("kaiser_best", 2e-4)):
        clip = read_clip(path, sample_rate=RATE, resampler=resampler)
        assert np.abs(clip.samples[800:-800]).max() < left


def test_channels_are_averaged(write: Write, reference_file: Callable[[str], Path]) -> None:
    with np.load(reference_file("golden/audio.npz")) as golden:
        stereo, mono = golden["stereo_in"].T, golden["stereo_mono"]
    clip = read_clip(write(samples=stereo, rate=RATE), sample_rate=RATE)
    np.testing.assert_array_equal(clip.samples, mono)
    assert (clip.channels, clip.peak) == (2, np.abs(stereo.astype(int)).max() / 32768)


def test_levels_are_those_of_the_source(write: Write) -> None:
    samples = np.zeros((44100, 3))
    samples[::2, 1] = -0.75
    clip = read_clip(write(samples=samples, subtype="FLOAT"), sample_rate=RATE)
    assert clip.peak == 0.75 and clip.full_scale == 0
    assert clip.rms == pytest.approx(0.25 / np.sqrt(2))
    assert (clip.duration, clip.sample_rate, clip.channels) == (1.0, 44100, 3)


def test_beyond_full_scale_is_kept_and_counted(write: Write) -> None:
    samples = np.where(np.arange(RATE) < 400, 1.7, 0.1)
    clip = read_clip(write(samples=samples, rate=RATE, subtype="FLOAT"), sample_rate=RATE)
    assert clip.full_scale == 400 / RATE and clip.samples.max() == np.float32(1.7)


def test_one_bad_sample_late_in_the_file(write: Write) -> None:
    for value in (np.nan, np.inf):
        samples = np.zeros(audio._BLOCK + 100)
        samples[-1] = value
        clip = read_clip(write(samples=samples, subtype="FLOAT"), sample_rate=RATE)
        assert clip.status == "nan" and not len(clip.samples)


@pytest.mark.parametrize("content", [b"RIFF\x04", b"<html>gone</html>\n" * 99, bytes(4096)])
def test_broken_files_are_told_not_raised(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    clip = read_clip(path, sample_rate=RATE)
    assert clip.status == "unreadable" and not len(clip.samples)
    assert "broken.wav" in clip.note and str(tmp_path) not in clip.note and "\n" not in clip.note


def test_files_without_samples(tmp_path: Path, write: Write) -> None:
    (tmp_path / "zero.wav").touch()
    assert read_clip(tmp_path / "zero.wav", sample_rate=RATE).status == "empty"
    assert read_clip(write(samples=np.zeros(0)), sample_rate=RATE).status == "empty"


def test_a_broken_flac(write: Write, tmp_path: Path) -> None:
    whole = write("a.flac").read_bytes()
    (tmp_path / "broken.flac").write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    assert read_clip(tmp_path / "broken.flac", sample_rate=RATE).status == "unreadable"


FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "float.wav": ("WAV", "FLOAT"),
    "wavex.wav": ("WAVEX", "PCM_24"),
    "w64": ("W64", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_lacks_what_its_header_tells_of(tmp_path: Path, name: str) -> None:
    path, (kind, subtype) = tmp_path / f"a.{name}", FORMATS[name]
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * 44100)
    sf.write(path, noise, 44100, format=kind, subtype=subtype)
    assert read_clip(path, sample_rate=RATE).status == "ok"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])  # less than the tolerance of 0.05 s
    assert read_clip(path, sample_rate=RATE).status == "ok"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    cut = read_clip(path, sample_rate=RATE)
    assert cut.status == "truncated" and not len(cut.samples)
    assert re.fullmatch(r"its header tells of 2\.0\d s, but it holds 1\.[23]\d s", cut.note)
    row = manifest_row("a", cut, clip_seconds=2, sample_rate=RATE)
    assert (row["status"], row["note"], row["digest"]) == ("truncated", cut.note, "")


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_streams_do_not_know_their_length(write: Write, length: int) -> None:
    """What a pipe or a recorder that lost its power writes into the header of a wav."""
    path = write("a.wav")
    whole = bytearray(path.read_bytes())
    whole[40:44] = length.to_bytes(4, "little")
    path.write_bytes(whole)
    clip = read_clip(path, sample_rate=RATE)
    assert (clip.status, clip.duration) == ("ok", 1.0)


def test_an_mp3_without_a_count_of_frames(write: Write, tmp_path: Path) -> None:
    """Its length is guessed from the rate of bits, so nothing tells that sound is missing."""
    path, words = tmp_path / "a.mp3", ["-v", "error", "-i", write(seconds=2), "-q:a", "4"]
    subprocess.run([ffmpeg_executable(), *words, "-write_xing", "0", path], check=True)
    assert read_clip(path, sample_rate=RATE).status == "ok"


@pytest.mark.parametrize("name", ["a.m4a", "a.webm"])
def test_formats_of_ffmpeg_that_break_off(write: Write, tmp_path: Path, name: str) -> None:
    path, words = tmp_path / name, ["-v", "error", "-i", write(seconds=2)]
    words += ["-movflags", "faststart"] if name == "a.m4a" else []
    subprocess.run([ffmpeg_executable(), *words, path], check=True)
    assert read_clip(path, sample_rate=RATE).status == "ok"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    clip = read_clip(path, sample_rate=RATE)
    assert clip.status == "truncated" and clip.note.startswith("it breaks off before its end (ff")


def test_other_formats(write: Write, tmp_path: Path) -> None:
    wav = write(seconds=2)
    expected = read_clip(wav, sample_rate=RATE).samples
    flac = tmp_path / "a.flac"
    sf.write(flac, sf.read(wav)[0], 44100)
    np.testing.assert_array_equal(read_clip(flac, sample_rate=RATE).samples, expected)
    aac = tmp_path / "a.m4a"  # not for libsndfile
    subprocess.run([ffmpeg_executable(), "-v", "error", "-i", wav, "-b:a", "256k", aac], check=True)
    clip = read_clip(aac, sample_rate=RATE)
    assert clip.status == "ok" and abs(len(clip.samples) - len(expected)) < 0.1 * RATE
    overlap = min(len(clip.samples), len(expected))
    both = np.corrcoef(clip.samples[:overlap], expected[:overlap])
    assert both[0, 1] > 0.95
