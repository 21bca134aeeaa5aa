"""Recordings longer than a clip, in systems that read embeddings from files."""

import numpy as np
import pytest
import torch

from sed_core.data.corpus import Corpus
from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.features.embeddings.extract import extract
from sed_core.features.embeddings.stored_windows import stored_starts
from sed_core.inference.predict import Predictor, predict_split
from sed_core.inference.recordings import hear
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.runtime.files import digest, write_json
from sed_core.scoring.score_file import read_scores
from sed_core.training.fit import fit
from sed_core.training.loaders import known
from sed_core.training.training_data import load_training_data
from sed_core.training.training_job import TrainingJob
from sed_core.training.validation_windows import ValidationWindows
from tests.made_data import CLIPS, RATE, make_data, small_panns, tiny_system

CPU = torch.device("cpu")
SECONDS = 2.6  # of recordings; networks hear 1 s
STARTS = [0, 8000, 16000, 24000, 25600]


def small_system(**overrides):
    return tiny_system(
        pretrained={"model": "panns", "kind": "aligned"},
        net={"dropout": 0.0, "frame_emb_enc_dim": 3},
        training={"n_epochs": 1, "mixup": None},
        **overrides,
    )


def embed(encoder, data, split, receipt, **options):
    target = data / f"embeddings/panns/{split}_aligned.h5"
    extract(
        encoder,
        data / f"audio16k/{split}.h5",
        target,
        kind="aligned",
        clip_seconds=1,
        batch_size=4,
        precision="32-true",
        receipt=receipt,
        **options,
    )
    return target


@pytest.fixture(scope="module")
def encoder():
    return small_panns()


@pytest.fixture(scope="module")
def data(tmp_path_factory, encoder):
    folder = make_data(tmp_path_factory.mktemp("long"), seconds=SECONDS)
    torch.save({"model": encoder.state_dict()}, folder / "panns.pth")
    sha = digest(folder / "panns.pth")
    receipt = {"encoder": "panns", "path": str(folder / "panns.pth"), "digest": sha}
    write_json(folder / "embeddings/panns/weights.json", receipt)
    for split in CLIPS:
        embed(encoder, folder, split, receipt)
    return folder


@pytest.mark.parametrize(
    ("n_samples", "starts"),
    [
        (9_000, [0]),
        (16_000, [0]),
        (16_159, [0]),
        (16_160, [0, 160]),
        (24_000, [0, 8000]),
        (41_600, STARTS),
    ],
)
def test_windows_are_half_a_window_apart_and_end_with_the_recording(n_samples, starts):
    assert stored_starts(n_samples, 16_000) == starts


def test_rows_are_those_of_the_windows_embedded_by_hand(data, encoder):
    file = EmbeddingFile.open(data / "embeddings/panns/devtest_aligned.h5")
    audio = Corpus.open(data / "audio16k/devtest.h5")
    assert file.firsts.tolist() == [len(STARTS) * clip for clip in range(len(audio) + 1)]
    assert file.starts.tolist() == STARTS * len(audio)
    waveforms = audio.gather([2] * len(STARTS), RATE, starts=np.array(STARTS))
    with torch.inference_mode():
        expected = encoder(torch.from_numpy(waveforms))["aligned"].numpy()
    rows = file.rows[2 * len(STARTS) : 3 * len(STARTS)]
    np.testing.assert_allclose(rows, expected, rtol=2e-3, atol=2e-4)


def test_training_draws_windows_that_have_embeddings_with_their_sound(data, encoder):
    system = small_system(data={"windows": "per_second"})
    training_data = load_training_data(system, data, seed=1, device=CPU)
    seen = set()
    for epoch in range(6):
        training_data.draw_epoch(1, epoch)
        windows = training_data.strong.tolist()
        starts = training_data.starts[windows].tolist()
        seen |= set(starts)
        clips = training_data.recordings[windows].tolist()
        given = known(training_data, clips, starts)["embeddings"]
        with torch.inference_mode():
            heard = encoder(training_data.waveforms(windows))["aligned"]
        aligned = training_data.embeddings.alignment(heard.half())
        torch.testing.assert_close(given, aligned, rtol=2e-3, atol=2e-4)
    assert seen == set(STARTS)


def test_validation_hears_every_window(data):
    training_data = load_training_data(small_system(), data, seed=1, device=CPU)
    share = ValidationWindows.of(training_data)
    assert [window.start for window in share.windows] == STARTS * len(share.clips)


@pytest.mark.parametrize("join", ["centre", "mean", "maximum"])
def test_prediction_hears_recordings_to_their_ends(data, encoder, tmp_path, join):
    """As a network with the encoder inside does, which has no files."""
    system = small_system(stitching={"join": join})
    job = TrainingJob(system, data, 1, tmp_path)
    save_checkpoint(tmp_path / "model.pt", fit(job, log_folder=None, on_save=lambda: None).networks)
    predictor = Predictor.from_checkpoint(load_checkpoint(tmp_path / "model.pt"), CPU)
    embeddings = data / "embeddings/panns/devtest_aligned.h5"
    corpus, scores = data / "audio16k/devtest.h5", tmp_path / "scores.h5"
    predict_split(predictor, corpus, scores, embeddings=embeddings, name="devtest")
    stored = read_scores(scores)
    inside = predictor.with_encoder(encoder)
    audio = Corpus.open(corpus)
    for number in range(len(audio)):
        samples = audio.gather([number], int(audio.lengths[number]))[0]
        pieces = list(
            hear(inside, np.split(samples, [5000, 21000]), network="student", batch_size=3)
        )
        whole = np.concatenate([piece.strong for piece in pieces])
        found = stored.networks["student"].strong[number, : stored.n_frames[number]]
        assert len(whole) * stored.frame_seconds > SECONDS - 0.1
        np.testing.assert_allclose(found, whole, atol=2e-3)
