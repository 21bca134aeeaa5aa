"""`sedlab predict`: the workflow's events for a clip, and more than a clip."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
import torch
import yaml

from sed_core.config import systems
from sed_core.config.jobs import DecodingJob, as_json
from sed_core.data.audio import read_clip
from sed_core.data.corpus import Corpus
from sed_core.data.labels import FrameGrid
from sed_core.detection.predict_command import main
from sed_core.features.embeddings.taggers import TAGGERS
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import (
    BASELINE,
    load_predictor,
)
from sed_core.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import decode
from sed_core.scoring.events import COLUMNS, events_table
from sed_core.scoring.score_file import read_scores
from sed_core.scoring.score_folder import read_score_folder
from sed_core.training.mean_teacher import fused_net
from tests.made_checkpoint import save_lightning
from tests.made_data import names, tiny_system
from tests.unit.inference.conftest import heard
from workflow_scripts.detect import main as detect
from workflow_scripts.predict import main as predict

CPU = torch.device("cpu")
RATE = 16000


@pytest.fixture(scope="module")
def folder(trained, data, tmp_path_factory):
    """A model file, and the devtest clips as recordings."""
    folder = tmp_path_factory.mktemp("recordings")
    save_checkpoint(folder / "model.pt", trained)
    (folder / "audio").mkdir()
    corpus = Corpus.open(data / "audio16k/devtest.h5")
    for name, samples in zip(names("devtest"), corpus.gather(range(5), RATE), strict=True):
        sf.write(folder / "audio" / name, samples, RATE, subtype="PCM_16")
    return folder


@pytest.fixture(scope="module")
def tones() -> np.ndarray:
    """2.7 seconds for a network that hears one at a time."""
    rng = np.random.default_rng(3)
    seconds = np.arange(int(2.7 * RATE)) / RATE
    loud = 0.2 * np.sin(2 * np.pi * 900 * seconds) * (np.sin(2 * np.pi * 0.7 * seconds) > 0.3)
    return (loud + rng.normal(0, 0.01, len(seconds))).astype(np.float32)


def run(*words) -> None:
    main([*map(str, words), "--gpus=0", "--threads=1"])


def scored(predictor, path, **options):
    return heard(predictor, read_clip(path, sample_rate=RATE).samples, **options)


@pytest.mark.parametrize("network", ["student", "teacher"])
def test_a_clip_has_the_events_of_the_workflow(folder, data, network):
    out = folder / network
    predict(
        [f"--model={folder / 'model.pt'}", f"--corpus={data / 'audio16k/devtest.h5'}",
         "--split=devtest", "--gpus=0", f"--scores={out / 'scores.h5'}",
         f"--energy={out / 'energy.json'}", f"--kwh={out / 'cc/kwh.txt'}"]
    )  # fmt: skip
    scores = read_scores(out / "scores.h5")
    # The tiny network is unsure of everything: look where half of its scores are events.
    middle = np.sort(scores.networks[network].strong, None)[112:114]
    threshold = float(middle.mean())
    events = decode(scores.networks[network].strong, threshold, frame_seconds=scores.frame_seconds)
    expected = events_table(events, scores.filenames, scores.classes)
    expected = expected.sort_values(["filename", "onset", "offset", "event_label"])
    run(
        folder / "model.pt", folder / "audio", f"--network={network}", f"--threshold={threshold}",
        "--median-window=1", f"--output={out / 'events.tsv'}", f"--scores={out / 'scores'}",
    )  # fmt: skip
    assert len(expected) > 10
    found = pd.read_csv(out / "events.tsv", sep="\t").dropna(subset="onset")
    columns = list(expected)
    pd.testing.assert_frame_equal(
        found[columns].reset_index(drop=True), expected.reset_index(drop=True)
    )
    assert (threshold - 1e-4 < found.mean_score).all() and (
        found.mean_score <= found.peak_score
    ).all()
    lines = read_score_folder(out / "scores", scores.filenames).lines
    ours = np.stack([line[np.isfinite(line)] for line in lines], axis=1)
    assert np.abs(ours - np.concatenate(scores.networks[network].strong)).max() < 1e-6


def test_defaults_are_those_of_the_workflow(folder, data):
    """Threshold and filter, on scores that are sure of themselves."""
    checkpoint = load_checkpoint(folder / "model.pt")
    checkpoint.student["dense.bias"] += torch.tensor([4.0, 0.0, -4.0])
    save_checkpoint(folder / "sure.pt", checkpoint)
    predict(
        [f"--model={folder / 'sure.pt'}", f"--corpus={data / 'audio16k/devtest.h5'}",
         "--split=devtest", "--gpus=0", f"--scores={folder / 'scores.h5'}",
         f"--energy={folder / 'energy.json'}", f"--kwh={folder / 'cc/kwh.txt'}"]
    )  # fmt: skip
    job = DecodingJob(7, 50)
    detect([f"--scores={folder / 'scores.h5'}", f"--job={as_json(job)}",
            f"--student={folder / 's.tsv'}", f"--teacher={folder / 't.tsv'}"])  # fmt: skip
    run(folder / "sure.pt", folder / "audio", f"--output={folder / 'events.tsv'}")
    ours, theirs = (
        pd.read_csv(folder / name, sep="\t").dropna(subset="onset")[["filename", *COLUMNS[:3]]]
        for name in ("events.tsv", "s.tsv")
    )
    order = ["filename", "onset", "event_label"]
    assert len(ours) > 1
    assert (
        ours.sort_values(order).to_numpy().tolist() == theirs.sort_values(order).to_numpy().tolist()
    )


def test_events_go_to_other_programs(folder, tmp_path):
    run(folder / "model.pt", folder / "audio", "--threshold=0", "--format=textgrid",
        f"--output={tmp_path}")  # fmt: skip
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [name.replace(".wav", ".TextGrid") for name in names("devtest")]
    run(folder / "model.pt", folder / "audio/devtest_0.wav", f"--output={tmp_path / 'one.eaf'}")
    assert "<ANNOTATION_DOCUMENT" in (tmp_path / "one.eaf").read_text()


def test_events_are_printed_when_no_file_is_named(folder, capsys):
    run(folder / "model.pt", folder / "audio/devtest_0.wav", "--threshold=0")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "filename\tonset\toffset\tevent_label\tmean_score\tpeak_score"
    assert lines[1].startswith("devtest_0.wav\t")


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_any_rate_and_any_number_of_channels(folder, tones, tmp_path, suffix):
    predictor = load_predictor(folder / "model.pt", CPU)
    sf.write(tmp_path / "mono.wav", tones[:RATE], RATE)
    sf.write(tmp_path / f"both.{suffix}", np.repeat(tones[:RATE], 3)[:, None] * [1, 1], 3 * RATE)
    mono, both = (scored(predictor, tmp_path / name) for name in ("mono.wav", f"both.{suffix}"))
    assert mono.shape == both.shape
    assert np.abs(mono - both).mean() < 0.05  # holding samples is a rough way to a higher rate


@pytest.mark.parametrize(("more", "limit"), [(1, 0.02), (125, 0.02), (511, 0.02), (513, 0.2)])
def test_a_few_milliseconds_more_keep_the_scores_of_a_clip(folder, tones, more, limit):
    """The last window ends with the recording: zeros behind it would be the minimum of min-max.

    Rounded up to a whole frame, as it once was, half of the frames differ: 0.23 of the spread.
    From half a frame on, the second half is one frame later.
    """
    checkpoint = load_checkpoint(folder / "model.pt")
    checkpoint.system["scaler"] = {"statistic": "instance", "normtype": "minmax", "dims": [1, 2]}
    predictor = Predictor.from_checkpoint(replace(checkpoint, scaler={}), CPU)
    samples = tones.astype(np.float32)
    clip, longer = (heard(predictor, samples[:n]) for n in (RATE, RATE + more))
    assert len(longer) - len(clip) == (more > 512)
    spread = clip.std(0).mean()
    assert np.abs(longer[: len(clip)] - clip).mean() < limit * spread


def test_a_long_recording_is_heard_in_overlapping_windows(folder, tones, tmp_path):
    """Each frame has the score of the window in whose middle it lies, alone."""
    predictor = load_predictor(folder / "model.pt", CPU)
    grid = FrameGrid.of(predictor.system)
    step, half = grid.hop_length * grid.pooling, grid.n_frames // 2
    sf.write(tmp_path / "long.wav", tones, RATE, subtype="PCM_16")
    whole = scored(predictor, tmp_path / "long.wav")
    assert whole.shape == (round((len(tones) - RATE) / step) + grid.n_frames, 3)
    sf.write(tmp_path / "window.wav", tones[half * step :][:RATE], RATE, subtype="PCM_16")
    window = scored(predictor, tmp_path / "window.wav")
    quarter = (grid.n_frames - half) // 2
    middle = slice(quarter + 1, quarter + half - 1)
    assert np.allclose(whole[half:][middle], window[middle], atol=1e-6)
    assert not np.allclose(whole[half:][:quarter], window[:quarter], atol=1e-6)
    for batch_size in (1, 3):
        again = scored(predictor, tmp_path / "long.wav", batch_size=batch_size)
        assert np.allclose(whole, again, atol=1e-6)


def test_a_public_checkpoint_has_the_baselines_classes(reference_file, folder, tmp_path):
    predictor = load_predictor(reference_file("golden/reference_crnn.ckpt"), CPU)
    assert predictor.system.dataset.classes[8] == "Speech"
    assert FrameGrid.of(predictor.system).n_frames == 156
    sf.write(tmp_path / "short.wav", np.zeros(8000), RATE)
    assert scored(predictor, tmp_path / "short.wav").shape == (156, 10)


def test_the_baseline_is_the_configurations(root):
    full = yaml.safe_load((root / "config.yaml").read_text())
    crnn = systems.systems(full)["crnn"]
    assert json.loads(BASELINE.read_text()) == systems.trained_part("dcase2022", crnn, full)


def test_embeddings_are_computed_along(tmp_path, tones):
    """A system that read files of embeddings, given the weights they were made with."""
    torch.manual_seed(0)
    system = tiny_system(pretrained={"model": "panns", "kind": "frame"})
    tagger = TAGGERS["panns"](3).eval()
    torch.save(tagger.public(), tmp_path / "panns.pth")
    size = tagger.encoder.embed(torch.zeros(1, RATE), "frame").shape[1]
    net = fused_net(system, size)
    state = build(net, 3).state_dict()
    content = asdict(replace(system, net=net))
    save_checkpoint(tmp_path / "model.pt", Checkpoint(state, state, content))
    sf.write(tmp_path / "a.wav", tones[:RATE], RATE, subtype="PCM_16")
    with pytest.raises(SedError, match="fuses embeddings of 'panns'; name the file"):
        load_predictor(tmp_path / "model.pt", CPU)
    predictor = load_predictor(tmp_path / "model.pt", CPU, weights=tmp_path / "panns.pth")
    samples = read_clip(tmp_path / "a.wav", sample_rate=RATE).samples
    waveform = torch.from_numpy(samples[None])
    given = tagger.encoder.embed(waveform, "frame")
    expected = replace(predictor, pretrained=None)(waveform, given)["student"][0][0]
    assert np.abs(scored(predictor, tmp_path / "a.wav") - expected).max() < 1e-5
    save_lightning(tmp_path / "public.ckpt", load_checkpoint(tmp_path / "model.pt"))
    public = torch.load(tmp_path / "public.ckpt", weights_only=True)
    del public["hyper_parameters"]["dataset"]
    torch.save(public, tmp_path / "public.ckpt")
    with pytest.raises(SedError, match="fuses embeddings and does not say which"):
        load_predictor(tmp_path / "public.ckpt", CPU)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["model.pt", "absent.wav"], "absent.wav does not exist; name recordings"),
        (["absent.pt", "audio"], "absent.pt does not exist; give the path of a checkpoint"),
        (["model.pt", "empty"], "empty holds no audio; expected files such as .wav"),
        (["model.pt", "text.wav"], "text.wav cannot be used as audio"),
        (["model.pt", "audio", "other/devtest_0.wav"], "devtest_0.wav would have one name"),
        (["model.pt", "audio", "--median-window=1,3"], "each of the model's 3 classes"),
        (["model.pt", "audio", "--median-window=0"], "the median window is 0 frames; give a whole"),
        (
            ["model.pt", "audio", "copy/devtest_0.flac", "--scores=s"],
            "have one file of scores",
        ),
        (["model.pt", "audio", "--threshold=5"], "the threshold is 5; scores lie between 0 and 1"),
        (["model.pt", "audio", "--threshold=nan"], "the threshold is nan"),
        (["model.pt", "audio", "--batch-size=0"], "expected a whole number above 0"),
        (["audio/devtest_0.wav", "audio"], "devtest_0.wav is no checkpoint: it is neither a zip"),
    ],
)
def test_mistakes_are_one_sentence(folder, monkeypatch, words, sentence):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "other").mkdir(exist_ok=True)
    (folder / "text.wav").write_text("no audio")
    (folder / "other/devtest_0.wav").write_bytes(b"")
    (folder / "copy").mkdir(exist_ok=True)
    (folder / "copy/devtest_0.flac").write_bytes(b"")
    with pytest.raises(SedError) as error:
        run(*words)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_one_bad_file_does_not_cost_the_others(folder, tmp_path):
    (tmp_path / "bad.wav").write_text("no audio")
    with pytest.raises(SedError, match=r"bad.wav cannot be used as audio .* other 5 recordings"):
        run(folder / "model.pt", tmp_path / "bad.wav", folder / "audio", "--threshold=0",
            f"--output={tmp_path / 'e.tsv'}")  # fmt: skip
    assert set(pd.read_csv(tmp_path / "e.tsv", sep="\t").filename) == set(names("devtest"))
