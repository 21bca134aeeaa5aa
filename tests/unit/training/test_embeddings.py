"""Systems with a pretrained network: from files and end to end, in training and prediction."""

import json
import os
import shutil
import socket
from multiprocessing.context import ForkProcess

import h5py
import numpy as np
import pytest
import torch
from torch import nn

from sed_core.config import registries
from sed_core.config.embedding_kinds import STORED
from sed_core.data.corpus import Corpus, write_corpus
from sed_core.data.labels import FrameGrid
from sed_core.features.embeddings.extract import extract
from sed_core.inference.predict import Predictor, predict_split
from sed_core.models.checkpoint import load_checkpoint, save_checkpoint
from sed_core.models.end_to_end import end_to_end
from sed_core.models.fusion_registry import FUSIONS
from sed_core.models.head_registry import HEADS
from sed_core.models.parts import Fusion, FusionShape, Head, HeadShape
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest
from sed_core.scoring.score_file import read_scores
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_checkpoint import save_lightning
from tests.made_data import CLIPS, give_weights, make_data, small_panns, tiny_system

KINDS = ("frame", "global", "aligned")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Prepared data with the weights of a small PANNs and its embeddings of every split."""
    folder = make_data(tmp_path_factory.mktemp("data"))
    encoder = small_panns()
    receipt = give_weights(folder, "panns", "panns", {"model": encoder.state_dict()})
    for split in CLIPS:
        for kind in KINDS:
            extract(
                encoder,
                folder / "audio16k" / f"{split}.h5",
                folder / "embeddings/panns" / f"{split}_{kind}.h5",
                kind=kind,
                clip_seconds=1,
                batch_size=4,
                precision="32-true",
                receipt=receipt,
            )
    return folder


def trained(data, folder, *, training_mixup=None, training=None, net=None, **pretrained):
    system = tiny_system(
        pretrained={"model": "panns"} | pretrained,
        net={"dropout": 0.0, "frame_emb_enc_dim": 3, **(net or {})},
        training={"n_epochs": 1, "mixup": training_mixup, **(training or {})},
    )
    job = TrainingJob(system, data, 1, folder)
    return job, fit(job, log_folder=None, on_save=lambda: None)


def predicted(networks, data, folder, embeddings=None):
    save_checkpoint(folder / "model.pt", networks)
    predictor = Predictor.from_checkpoint(load_checkpoint(folder / "model.pt"), torch.device("cpu"))
    predict_split(
        predictor,
        data / "audio16k/devtest.h5",
        folder / "scores.h5",
        embeddings=embeddings,
        batch_size=2,
        name="tiny",
    )
    return read_scores(folder / "scores.h5").networks["student"].strong


@pytest.mark.parametrize("kind", [*KINDS, "pool1d", "interpolate"])
def test_files_and_end_to_end_agree(data, tmp_path, kind):
    """A frozen network inside gives what its files give, up to their float16."""
    _, files = trained(data, tmp_path, kind=kind)
    _, inside = trained(data, tmp_path, kind=kind, e2e=True)
    for key, value in files.networks.student.items():
        torch.testing.assert_close(
            inside.networks.student[key].float(), value.float(), atol=0.02, rtol=0.02
        )
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = data / "embeddings/panns" / f"devtest_{STORED[kind]}.h5"
    first = predicted(files.networks, data, tmp_path / "a", rows)
    second = predicted(inside.networks, data, tmp_path / "b")
    np.testing.assert_allclose(first, second, atol=0.02)
    with pytest.raises(SedError, match="fuses embeddings, but none were given"):
        predicted(files.networks, data, tmp_path / "a")
    with h5py.File(shutil.copy(rows, tmp_path), "a") as other:
        narrow = other["embeddings"][:, 1:]
        del other["embeddings"]
        other["embeddings"] = narrow
    with pytest.raises(SedError, match=rf"vectors of {narrow.shape[1]} values, but .* read"):
        predicted(files.networks, data, tmp_path / "a", tmp_path / rows.name)


def added(shape: FusionShape, *, scale: float = 1.0) -> Fusion:
    layers = {"to_channels": nn.Linear(shape.embedding_size, shape.n_channels)}
    return Fusion(layers, lambda net, x, e: x + scale * net.to_channels(e.transpose(1, 2)))


def top(shape: HeadShape) -> Head:
    def posteriors(net, x, pad_mask, class_mask):
        strong = torch.sigmoid(net.out(x))
        return strong, strong.amax(1)

    return Head({"out": nn.Linear(shape.n_in, shape.n_classes)}, posteriors)


def test_a_registered_fusion_and_head_need_no_line_elsewhere(data, tmp_path, monkeypatch):
    """They train, are read again from either file, predict, and are gone when not registered."""
    monkeypatch.setitem(FUSIONS, "added", added)
    monkeypatch.setitem(HEADS, "top", top)
    scale = registries.Parameter("float", required=False)
    names, options, mine = registries.names, registries.parameters, {"added": "added", "top": "top"}
    monkeypatch.setattr(registries, "names", lambda file, table: {**names(file, table), **mine})
    monkeypatch.setattr(
        registries,
        "parameters",
        lambda file, name: {"scale": scale} if name in mine else options(file, name),
    )
    net = {"fusion": {"name": "added", "scale": 0.5}, "head": {"name": "top"}}
    _, outcome = trained(data, tmp_path, net=net, kind="aligned")
    assert {"to_channels.weight", "out.bias"} < outcome.networks.student.keys()
    assert not any("dense" in key or "cat_tf" in key for key in outcome.networks.student)
    rows = data / "embeddings/panns/devtest_aligned.h5"
    first = predicted(outcome.networks, data, tmp_path, rows)
    save_lightning(tmp_path / "public.ckpt", outcome.networks)
    again = predicted(load_checkpoint(tmp_path / "public.ckpt"), data, tmp_path, rows)
    assert np.array_equal(first, again) and np.ptp(first) > 0
    monkeypatch.delitem(HEADS, "top")
    with pytest.raises(SedError, match=r"net\.head is 'top'; registered are attention, mean\."):
        outcome.networks.networks()


def test_files_of_beginnings_alone_are_refused_for_long_recordings(data, tmp_path):
    _, files = trained(data, tmp_path, kind="frame")
    clips = Corpus.open(data / "audio16k/devtest.h5")
    write_corpus(
        tmp_path / "long.h5", filenames=clips.filenames, digests=clips.digests, lengths=[40000] * 5,
        clips=clips.gather(range(5), 40000), sample_rate=16000,
    )  # fmt: skip
    rows = data / "embeddings/panns/devtest_frame.h5"
    predictor = Predictor.from_checkpoint(files.networks, torch.device("cpu"))
    with pytest.raises(SedError, match="has no embeddings of the later windows"):
        predict_split(predictor, tmp_path / "long.h5", tmp_path / "s.h5", embeddings=rows, name="")


def test_fine_tuning_trains_the_network_along_and_freezing_does_not(data, tmp_path):
    pretrained = torch.load(data / "panns.pth")["model"]
    for freezed in (True, False):
        _, outcome = trained(data, tmp_path, kind="frame", e2e=True, freezed=freezed)
        moved = {
            key
            for key, value in pretrained.items()
            if not torch.equal(outcome.networks.encoder[key], value)
        }
        assert bool(moved) is not freezed
        assert not any("running" in key for key in moved)


def test_what_the_kind_does_not_need_is_not_trained(data, tmp_path):
    """Blocks after the frames, and `fc1`, which only the AudioSet classifier reads."""
    job, outcome = trained(data, tmp_path, kind="frame", e2e=True, freezed=False)
    inside = end_to_end(job.system, data)
    frozen = {name for name, p in inside.encoder.named_parameters() if not p.requires_grad}
    names = {"conv_block4", "conv_block5", "conv_block6", "fc1"}
    assert {name.split(".")[0] for name in frozen} == names
    pretrained = torch.load(data / "panns.pth")["model"]
    assert all(torch.equal(outcome.networks.encoder[name], pretrained[name]) for name in frozen)


def test_a_fine_tuned_network_goes_on_with_the_networks_that_know_it(data, tmp_path):
    _, first = trained(data, tmp_path, kind="global", e2e=True, freezed=False)
    save_checkpoint(tmp_path / "given.pt", first.networks)
    given = {"resume_from": str(tmp_path / "given.pt")}
    _, second = trained(data, tmp_path, training=given, kind="global", e2e=True)
    for key, value in first.networks.encoder.items():
        assert torch.equal(second.networks.encoder[key], value), key
    with pytest.raises(SedError, match=r"given\.pt has a pretrained network inside"):
        trained(data, tmp_path, training=given, kind="global")


def test_mixup_of_embeddings_is_an_option(data, tmp_path):
    """The same audio and labels are mixed either way; only the embeddings differ."""
    learned = [
        trained(
            data,
            tmp_path,
            kind="global",
            training_mixup="soft",
            mixup=mixup,
            training={"n_epochs": 3},
        )[1]
        for mixup in (False, False, True)
    ]
    first, again, mixed = (outcome.networks.student["cat_tf.weight"] for outcome in learned)
    assert torch.equal(first, again)
    assert not torch.equal(first, mixed)


def test_two_processes_fine_tune(data, tmp_path):
    """Each waits for the other's gradients, so there must be one of all that learns."""
    system = tiny_system(
        pretrained={"model": "panns", "kind": "frame", "e2e": True, "freezed": False},
        net={"frame_emb_enc_dim": 3},
        training={"n_epochs": 1, "steps_per_epoch": 3},
    )
    job = TrainingJob(system, data, 1, tmp_path / "checkpoints", devices=2)

    def share(rank: int, port: int) -> None:
        os.environ |= {"LOCAL_RANK": str(rank), "MASTER_PORT": str(port)}
        outcome = fit(job, log_folder=None, on_save=lambda: None)
        save_checkpoint(tmp_path / f"{rank}.pt", outcome.networks)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    processes = [ForkProcess(target=share, args=(rank, port)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    first, second = (load_checkpoint(tmp_path / f"{rank}.pt").encoder for rank in (0, 1))
    assert all(torch.equal(first[key], second[key]) for key in first)
    pretrained = torch.load(data / "panns.pth")["model"]
    assert any(not torch.equal(first[key], pretrained[key]) for key in first)


def test_provenance_names_the_network(data, tmp_path):
    job, _ = trained(data, tmp_path, kind="aligned")
    told = job.provenance()
    known = digest(data / "panns.pth")
    assert told["pretrained"] == {
        "model": "panns", "kind": "aligned", "note": "", "weights": known,
    }  # fmt: skip
    assert "embeddings/synth" in told["inputs"]
    json.dumps(told)


def test_frame_centres():
    grid = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)
    assert grid.centres[[0, 155]] == pytest.approx([0.032, 9.952])
