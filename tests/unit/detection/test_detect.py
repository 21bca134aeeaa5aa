"""`sedlab detect`: any recordings, the workflow's scores, and runs that go on."""

import json
import subprocess
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from sed_core.data.audio import ffmpeg_executable, read_clip
from sed_core.data.audio_stream import UnusableAudioError, stream_file
from sed_core.detection.__main__ import main as detect
from sed_core.detection.find_recordings import find
from sed_core.detection.list_models import main as models
from sed_core.detection.models import MODELS, load_yamnet
from sed_core.detection.predict_command import main as predict
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.runtime.errors import SedError
from tests.made_data import names
from tests.servers.flaky import Flaky
from tests.unit.detection.conftest import RATE, long_sound

NAMES = [f"deeper/{name}" for name in names("devtest")[:2]] + ["long.flac"]


def run(*words) -> None:
    detect([*map(str, words), "--gpus=0", "--threads=1"])


def read(path):
    return pd.read_csv(path, sep="\t").dropna(subset="onset").reset_index(drop=True)


def test_events_are_those_of_predict(folder, tmp_path):
    model, long = folder / "model.pt", folder / "audio/long.flac"
    for threshold in (0.45, 0.5):
        predict([str(model), str(long), f"--threshold={threshold}", "--gpus=0", "--threads=1",
                 f"--output={tmp_path / 'predict.tsv'}"])  # fmt: skip
        run(long, f"--model={model}", f"--threshold={threshold}",
            f"--output={tmp_path / 'detect.tsv'}")  # fmt: skip
        found, expected = read(tmp_path / "detect.tsv"), read(tmp_path / "predict.tsv")
        pd.testing.assert_frame_equal(found, expected, atol=1e-4)
    assert len(expected) > 0


def test_thresholds_stored_in_the_model(folder, tmp_path):
    """`best-f1` decides as the same numbers in a file, which differ between classes."""
    stored = load_checkpoint(folder / "model.pt")
    strong = {"Cat": 0.3, "Dog": 0.58, "Frying": 0.3}
    save_checkpoint(tmp_path / "m.pt", replace(stored, thresholds={"student": strong}))
    (tmp_path / "t.json").write_text(json.dumps(strong))
    for name, threshold in [("stored", "best-f1"), ("told", tmp_path / "t.json"), ("half", 0.5)]:
        run(folder / "audio", f"--model={tmp_path / 'm.pt'}", f"--threshold={threshold}",
            f"--output={tmp_path / name}.tsv")  # fmt: skip
    told = (tmp_path / "told.tsv").read_bytes()
    assert (tmp_path / "stored.tsv").read_bytes() == told != (tmp_path / "half.tsv").read_bytes()
    trained = stored.thresholds["student"]
    assert set(trained) == set(strong)  # training stored some


def test_folders_below_keep_their_paths_and_jobs_change_nothing(folder, tmp_path):
    one = [folder / "audio", f"--model={folder / 'model.pt'}", "--threshold=0.4"]
    run(*one, f"--output={tmp_path / 'one.tsv'}")
    run(*one, "--jobs=2", f"--output={tmp_path / 'two.tsv'}")
    assert (tmp_path / "one.tsv").read_bytes() == (tmp_path / "two.tsv").read_bytes()
    assert set(pd.read_csv(tmp_path / "one.tsv", sep="\t").filename) == set(NAMES)
    run(*one, "--format=audacity", f"--output={tmp_path / 'tracks'}")
    assert (tmp_path / "tracks/long.txt").is_file()
    assert (tmp_path / "tracks" / NAMES[0].replace(".wav", ".txt")).is_file()


def test_an_interrupted_run_goes_on(folder, tmp_path, capsys):
    words = [folder / "audio", f"--model={folder / 'model.pt'}", "--threshold=0.4",
             f"--output={tmp_path / 'e.tsv'}"]  # fmt: skip
    run(*words)
    whole, journal = (tmp_path / "e.tsv").read_bytes(), tmp_path / "e.tsv.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[0] + lines[1][:-9])  # killed in the middle of a line
    (tmp_path / "e.tsv").unlink()
    capsys.readouterr()
    run(*words)
    assert "1 recordings are done already." in capsys.readouterr().err
    assert (tmp_path / "e.tsv").read_bytes() == whole
    assert journal.read_bytes() == b"".join(lines)
    run(*words, "--min-length=0.5")  # other settings: everything anew
    assert "done already" not in capsys.readouterr().err
    journal.write_text("no journal\n")
    with pytest.raises(SedError, match="is no journal of detected recordings"):
        run(*words)


def test_yamnet_out_of_the_box(folder, weights, tmp_path, capsys):
    run(folder / "audio/long.flac", f"--weights={weights}", "--threshold=0",
        '--classes=Dog, "Bird flight, flapping wings"', "--format=jsonl")  # fmt: skip
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event_label"] for line in found} == {"Dog", "Bird flight, flapping wings"}
    models([str(folder / "model.pt")])
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table] == ["model", "yamnet", str(folder / "model.pt")]


def test_yamnet_is_fetched_once_into_a_cache_that_moves(weights, tmp_path, monkeypatch):
    flaky = Flaky()
    content = weights.read_bytes()
    url = flaky.add("/yamnet.h5", content)
    ready = MODELS["yamnet"]
    own = replace(ready, urls=(url,), checksum=f"sha256:{sha256(content).hexdigest()}")
    monkeypatch.setattr("sed_core.detection.models.MODELS", {"yamnet": own})
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    for folder in ("one", "one", "two"):
        monkeypatch.setenv("SEDLAB_CACHE", str(tmp_path / folder))
        load_yamnet()
        assert (tmp_path / folder / "yamnet.h5").read_bytes() == content
    assert len(flaky.requests("/yamnet.h5")) == 2
    flaky.close()
    assert ready.urls == ("https://storage.googleapis.com/audioset/yamnet.h5",)
    assert ready.checksum.startswith("sha256:13c33089")


@pytest.mark.parametrize(("rate", "suffix"), [(16000, "wav"), (44100, "flac"), (44100, "m4a")])
def test_blocks_are_the_samples_of_the_whole(tmp_path, rate, suffix):
    sound = np.stack([long_sound(1.0), long_sound(1.0) / 2], axis=1)
    file = tmp_path / f"a.{suffix}"
    sf.write(tmp_path / "a.wav", sound, rate, subtype="PCM_16")
    if suffix == "m4a":
        command = [ffmpeg_executable(), "-loglevel", "error", "-y", "-i", tmp_path / "a.wav", file]
        subprocess.run(command, check=True)
    elif suffix == "flac":
        sf.write(file, sound, rate)
    blocks = list(stream_file(file, sample_rate=RATE))
    whole = read_clip(file, sample_rate=RATE)
    assert whole.status == "ok"
    assert len(np.concatenate(blocks)) == len(whole.samples)
    assert np.abs(np.concatenate(blocks) - whole.samples).max() < 1e-6


def test_what_is_no_audio_says_why(tmp_path):
    (tmp_path / "text.wav").write_text("no audio")
    (tmp_path / "empty.wav").write_bytes(b"")
    sf.write(tmp_path / "none.wav", np.zeros(0), RATE)
    sf.write(tmp_path / "cut.wav", long_sound(1.0), RATE)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "cut.wav").read_bytes()[:9000])
    for name, why in [
        ("text", "ffmpeg: "),
        ("empty", "no bytes"),
        ("none", "no samples"),
        ("cut", "its header tells of 1.00 s"),
    ]:
        with pytest.raises(UnusableAudioError, match=why):
            list(stream_file(tmp_path / f"{name}.wav", sample_rate=RATE))


def test_one_bad_file_does_not_cost_the_others(folder, tmp_path):
    (tmp_path / "bad.wav").write_text("no audio")
    with pytest.raises(SedError, match=r"bad.wav cannot be used as audio .* other 1 recordings"):
        run(tmp_path / "bad.wav", folder / "audio/long.flac", f"--model={folder / 'model.pt'}")


def test_a_bad_file_alone(tmp_path, weights):
    (tmp_path / "bad.wav").write_text("no audio")
    with pytest.raises(SedError, match=r"bad.wav cannot be used as audio \([^)]*\)\.$"):
        run(tmp_path / "bad.wav", f"--weights={weights}")


def test_the_classes_of_a_model_are_listed(folder, capsys):
    models(["--classes=yamnet"])
    assert capsys.readouterr().out.splitlines()[::520] == ["Speech", "Field recording"]
    models([f"--classes={folder / 'model.pt'}"])
    assert capsys.readouterr().out.splitlines() == ["Cat", "Dog", "Frying"]


def test_one_of_many_classes_is_misspelt(folder, weights):
    with pytest.raises(SedError) as error:
        run(folder / "audio", f"--weights={weights}", "--classes=Dogg")
    assert str(error.value) == (
        "there is no class 'Dogg' among the 521 that there are. Did you mean 'Dog'?"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["absent.wav"], "absent.wav does not exist; name recordings"),
        (["empty"], "empty holds no audio"),
        (["audio", "audio/../other/long.flac"], "would have one name in the output"),
        (["audio", "--model=best"], "there is no model 'best'"),
        (["audio", "--model=model.pt", "--classes=Lion"], "there is no class 'Lion'"),
        (["audio", "--model=model.pt", "--median-window=1,3"], "2 median windows were given"),
        (["audio", "--model=old.pt", "--threshold=best-f1"], "holds no thresholds"),
        (["audio", "--weights=model.pt"], "does not hold the weights of 'yamnet'"),
        (["audio", "--weights=other/long.flac"], "give the published file of weights"),
        (["audio", "--classes="], "--classes is ''; expected names"),
    ],
)
def test_mistakes_are_one_sentence(folder, monkeypatch, words, sentence):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "other").mkdir(exist_ok=True)
    sf.write(folder / "other/long.flac", long_sound(0.1), RATE)
    with pytest.raises(SedError) as error:
        run(*words)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_hidden_files_and_others_are_passed_over(tmp_path):
    for name in (".git/a.wav", "._a.wav", "a.txt", "x/a.WAV", "b.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [one.name for one in find([tmp_path])] == ["b.mp4", "x/a.WAV"]
