"""The transcript of docs/detect.md is what the command prints."""

import re
import shlex

import pytest
import soundfile as sf

from sed_core.detection.__main__ import main as detect
from sed_core.detection.export import made_up_sound


def test_the_transcript(root, reference, tmp_path, monkeypatch, capsys):
    page = (root / "docs/detect.md").read_text(encoding="utf-8")
    pattern = r"\n(sedlab detect recording[^\n]*)\n```\n\n```text\n(.*?)```"
    command, shown = re.findall(pattern, page, re.S)[0]
    monkeypatch.chdir(tmp_path)
    sf.write("recording.wav", made_up_sound((1, 160_000))[0], 16_000, subtype="PCM_16")
    words = shlex.split(command)[2:]
    detect([*words, f"--weights={reference / 'yamnet/yamnet.h5'}", "--gpus=0", "--threads=1"])
    found, told = (
        [line.split("\t") for line in text.splitlines()]
        for text in (capsys.readouterr().out, shown)
    )
    assert [row[:3] for row in found] == [row[:3] for row in told]
    for ours, theirs in zip(found, told, strict=True):
        assert [float(cell) for cell in ours[3:]] == pytest.approx(
            [float(cell) for cell in theirs[3:]], abs=0.01
        )
