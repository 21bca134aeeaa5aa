from dataclasses import replace

import numpy as np
import pytest
import torch

from sed_core.config.jobs import DecodingJob, as_json
from sed_core.config.system import Stitching
from sed_core.data.corpus import Corpus, write_corpus
from sed_core.inference.predict import Predictor, predict_split
from sed_core.inference.stitching import JOINS
from sed_core.models.checkpoint import save_checkpoint
from sed_core.runtime.files import read_json
from sed_core.scoring.decode import decode, median_filter
from sed_core.scoring.score_file import read_scores
from tests.made_data import CLASSES, names
from tests.unit.inference.conftest import heard
from workflow_scripts.detect import main as detect
from workflow_scripts.predict import main as predict

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def predicted(trained, data, tmp_path_factory):
    """Scores of the devtest clips, by the script."""
    folder = tmp_path_factory.mktemp("predicted")
    save_checkpoint(folder / "model.pt", trained)
    predict(
        [f"--model={folder / 'model.pt'}", f"--corpus={data / 'audio16k/devtest.h5'}",
         "--split=devtest", "--stage=evaluation", "--gpus=0", "--batch-size=2",
         f"--scores={folder / 'scores.h5'}", f"--energy={folder / 'energy.json'}",
         f"--kwh={folder / 'cc/eval_tot_kwh.txt'}"]
    )  # fmt: skip
    return folder


def test_scores_are_the_networks_own(predicted, trained, data):
    """Clip by clip, through the front end and the scaler of the training."""
    scores = read_scores(predicted / "scores.h5")
    assert scores.filenames == names("devtest")
    assert scores.classes == CLASSES
    predictor = Predictor.from_checkpoint(trained, CPU)
    assert torch.equal(predictor.front.scaler.mean, trained.scaler["mean"])
    audio = Corpus.open(data / "audio16k/devtest.h5").gather(range(5), 16000)
    for clip, samples in enumerate(audio):
        inputs = predictor.front(torch.from_numpy(samples)[None])
        for name, network in trained.networks().items():
            with torch.no_grad():
                strong, weak = network(inputs)
            found = scores.networks[name]
            assert np.abs(found.strong[clip] - strong[0].T.numpy()).max() < 1e-5
            assert np.abs(found.weak[clip] - weak[0].numpy()).max() < 1e-5
    student, teacher = (scores.networks[name].strong for name in ("student", "teacher"))
    assert np.abs(student - teacher).max() > 1e-4


def test_energy_of_the_evaluation_is_written(predicted):
    """2022 never wrote it (protocol T6)."""
    assert read_json(predicted / "energy.json")["stage"] == "evaluation"
    assert float((predicted / "cc/eval_tot_kwh.txt").read_text()) > 0


def test_detections_at_every_operating_point(predicted):
    """Each network from its own scores; 2022 wrote the student's twice (protocol T6b)."""
    job = DecodingJob(1, 50, weak_mask=True)
    words = [f"--scores={predicted / 'scores.h5'}", f"--job={as_json(job)}", "--all-points"]
    detect([*words, *(f"--{name}={predicted / name}" for name in ("student", "teacher"))])
    scores = read_scores(predicted / "scores.h5")
    points = np.arange(0.01, 1, 0.02)
    files = [f"predictions_th_{point:.2f}.tsv" for point in points]
    differs = False
    for name in ("student", "teacher"):
        assert sorted(path.name for path in (predicted / name).iterdir()) == files
        found = scores.networks[name]
        filtered = median_filter(np.minimum(found.strong, found.weak[:, None]), 1)
        for point, file in zip(points, files, strict=True):
            rows = (predicted / name / file).read_text().splitlines()[1:]
            expected = decode(filtered, point, frame_seconds=scores.frame_seconds)
            assert len(rows) == len(expected)
        differs |= bool(rows)
    texts = [[(predicted / name / file).read_text() for file in files]
             for name in ("student", "teacher")]  # fmt: skip
    assert texts[0] != texts[1]


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_half_precision_scores_are_close(trained, data, precision):
    audio = torch.from_numpy(Corpus.open(data / "audio16k/devtest.h5").gather(range(5), 16000))
    exact = Predictor.from_checkpoint(trained, CPU)
    trained.system["training"]["precision"] = precision
    rough = Predictor.from_checkpoint(trained, CPU)
    trained.system["training"]["precision"] = "32-true"
    one, other = (p(audio)["student"][0] for p in (exact, rough))
    assert other.dtype == np.float32
    assert np.abs(one - other).max() < 0.02


def test_batches_are_those_of_validation_but_not_of_long_clips(trained):
    """24 clips of 10 s at most, as in 2022; long clips a few at a time."""
    predictor = Predictor.from_checkpoint(trained, CPU)
    for clips, seconds, expected in [(24, 10, 24), (3, 1, 3), (24, 60, 4), (24, 500, 1)]:
        changed = replace(
            predictor.system,
            training=replace(predictor.system.training, batch_size_val=clips),
            dataset=replace(predictor.system.dataset, clip_seconds=seconds),
        )
        assert replace(predictor, system=changed).batch_size == expected


@pytest.mark.parametrize("join", JOINS)
def test_long_clips_are_heard_whole(trained, tmp_path, join):
    """As `sedlab predict` hears them, beside short ones; one that fits in has its own bytes."""
    rng = np.random.default_rng(5)
    clips = [rng.normal(0, 0.1, n).astype(np.float32) for n in (9000, 16000, 43000, 16000)]
    predictor = Predictor.from_checkpoint(trained, CPU)
    system = replace(predictor.system, stitching=Stitching(join, 0.5))
    predictor = replace(predictor, system=system)
    write_corpus(
        tmp_path / "corpus.h5", filenames=list("abcd"), digests=list("abcd"),
        lengths=[len(clip) for clip in clips], clips=clips, sample_rate=16000,
    )  # fmt: skip
    predict_split(predictor, tmp_path / "corpus.h5", tmp_path / "s.h5", name="", batch_size=2)
    scores = read_scores(tmp_path / "s.h5")
    for number, clip in enumerate(clips):
        recording = heard(predictor, clip, network="teacher")
        n_frames = int(scores.n_frames[number])
        assert len(recording) == n_frames
        found = scores.networks["teacher"].strong[number, :n_frames]
        assert np.abs(found - recording).max() < 1e-6
        assert not scores.networks["teacher"].strong[number, n_frames:].any()
    # The network gives 15 frames of 64 ms to a window of one second.
    assert scores.n_frames.tolist() == [15 if join == "centre" else 8, 15, scores.n_frames[2], 15]
    assert scores.n_frames[2] in (41, 42)
    alone = predictor(torch.from_numpy(clips[2][:16000][None]))["student"][1][0]
    assert (scores.networks["student"].weak[2] >= alone - 1e-6).all()


def test_a_scaler_over_the_batch_says_that_scores_depend_on_it(trained, data, tmp_path, capsys):
    scaler = {"statistic": "instance", "normtype": "minmax", "dims": [0, 2], "min_range_db": None}
    system = {**trained.system, "scaler": trained.system["scaler"] | scaler}
    predictor = Predictor.from_checkpoint(replace(trained, system=system, scaler={}), CPU)
    found = []
    for size in (1, 5):
        file = tmp_path / f"{size}.h5"
        predict_split(predictor, data / "audio16k/devtest.h5", file, name="x", batch_size=size)
        found.append(read_scores(file).networks["student"].strong)
    assert np.abs(found[0] - found[1]).max() > 1e-5
    assert "scales 5 windows together" in capsys.readouterr().out
