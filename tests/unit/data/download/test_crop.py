import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sed_core.data.audio import ffmpeg_executable
from sed_core.data.download.video_audio import ClipError, crop


@pytest.mark.parametrize("codec", ["flac", "webm", "m4a"])
def test_cut_is_where_it_should_be(tmp_path: Path, codec: str) -> None:
    rate = 48_000
    noise = 0.001 * np.random.default_rng(0).standard_normal(40 * rate)
    noise[round(31.25 * rate) : round(31.35 * rate)] += 0.5 * np.sin(np.arange(4800) / 8)
    soundfile.write(tmp_path / "a.wav", noise, rate)
    video = tmp_path / f"a.{codec}"
    command = [ffmpeg_executable(), "-v", "error", "-i", tmp_path / "a.wav", "-b:a", "96k", video]
    subprocess.run(command, check=True)
    crop(video, tmp_path / "clip.wav", start=30.0, end=40.0)
    samples, _ = soundfile.read(tmp_path / "clip.wav")
    assert abs(len(samples) - 441_000) < 2000  # lossy codecs pad or trim the very end
    onset = np.flatnonzero(np.abs(samples) > 0.2)[0] / 44_100
    assert onset == pytest.approx(1.25, abs=0.002)
    crop(video, tmp_path / "again.wav", start=30.0, end=40.0)
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "clip.wav").read_bytes()


def test_short_and_empty_ends(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(3 * 8000), 8000)
    crop(tmp_path / "a.wav", tmp_path / "b.wav", start=1.0, end=11.0)
    assert soundfile.info(tmp_path / "b.wav").duration == pytest.approx(2.0, abs=0.01)
    with pytest.raises(ClipError, match="the stream ends before 5 s"):
        crop(tmp_path / "a.wav", tmp_path / "c.wav", start=5.0, end=15.0)
    (tmp_path / "junk").write_bytes(b"junk")
    with pytest.raises(ClipError, match="ffmpeg: "):
        crop(tmp_path / "junk", tmp_path / "c.wav", start=0.0, end=10.0)
