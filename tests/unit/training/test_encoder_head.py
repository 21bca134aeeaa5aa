"""A network that is only a head on a pretrained one: trained, read, exported, refused."""

import numpy as np
import pytest
import torch

from sed_core.detection.export import export_system
from sed_core.detection.package import session
from sed_core.features.logmel import MelSpectrogram
from sed_core.inference.recordings import load_predictor
from sed_core.models.checkpoint import save_checkpoint
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.training.fit import fit
from sed_core.training.training_job import TrainingJob
from tests.made_checkpoint import save_lightning
from tests.made_data import give_weights, make_data, small_atst, tiny_system

CPU = torch.device("cpu")
MIXUP = {"name": "mixup", "larger_first": True}
SECTIONS = {
    "feats": {"hop_length": 160},
    "net": {"model": "encoder_head", "head": {"name": "mean"}},
    "pretrained": {"model": "atst_strong", "kind": "pool1d", "e2e": True, "freezed": False,
                   "augment": [MIXUP, {"name": "resize_crop"}]},
    "training": {"mixup": None, "n_epochs": 1},
}  # fmt: skip
SOUND = 0.1 * torch.randn(3, 16000, generator=torch.Generator().manual_seed(2))


def with_changes(**changed):
    return {**SECTIONS, **{key: SECTIONS.get(key, {}) | value for key, value in changed.items()}}


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Trained on strong labels alone, while computing a log-mel is an error."""
    data, folder = (tmp_path_factory.mktemp(name) for name in ("data", "head"))
    make_data(data)
    give_weights(data, "atst_strong", "atst_frame", small_atst().state_dict())
    sections = with_changes(
        data={"weak": None, "unlabelled": None}, training={"batch_size": [6, 0, 0]}
    )
    job = TrainingJob(tiny_system(**sections), data, 1, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MelSpectrogram, "forward", None)
        return fit(job, log_folder=None, on_save=lambda: None).networks


def test_it_learns_and_so_does_the_network_below(networks):
    assert set(networks.student) == {"dense.weight", "dense.bias"}
    assert networks.student["dense.weight"].shape == (3, 64)
    first = small_atst().state_dict()
    moved = {key for key, value in networks.encoder.items() if not torch.equal(value, first[key])}
    assert {"patch_embed.weight", "norm_frame.bias"} < moved


@pytest.mark.parametrize("layout", [save_checkpoint, save_lightning])
def test_it_is_read_and_tells_of_the_pretrained_frames(networks, tmp_path, layout):
    """By hand: a linear layer on the 25 frames of a second, and their mean."""
    layout(tmp_path / "model.pt", networks)
    predictor = load_predictor(tmp_path / "model.pt", CPU)
    encoder = type(small_atst()).from_state(networks.encoder)
    with torch.inference_mode():
        frames = encoder(SOUND)["frame"].mT
    for name, network in (("student", networks.student), ("teacher", networks.teacher)):
        strong, weak = predictor(SOUND)[name]
        expected = torch.sigmoid(frames @ network["dense.weight"].T + network["dense.bias"])
        assert strong.shape == (3, 25, 3)
        np.testing.assert_allclose(strong, expected.numpy(), atol=1e-6)
        np.testing.assert_allclose(weak, expected.mean(1).numpy(), atol=1e-6)
    sizes = predictor.size(SOUND[:1])
    assert sizes["system"] == {"parameters": 64 * 3 + 3, "macs": 25 * 64 * 3}


def test_it_exports(networks, tmp_path):
    save_checkpoint(tmp_path / "model.pt", networks)
    predictor = load_predictor(tmp_path / "model.pt", CPU)
    export_system(predictor, "student", tmp_path / "model.onnx")
    strong, _ = session(tmp_path / "model.onnx").run(None, {"waveform": SOUND.numpy()})
    assert np.abs(strong - predictor(SOUND)["student"][0]).max() < 1e-4


FRAMES = "is a head on the frames of a pretrained network; set pretrained.model, and"
FAULTS = [
    ({"pretrained": {"model": None, "e2e": False, "freezed": True, "augment": []}}, FRAMES),
    ({"pretrained": {"kind": "mean"}}, FRAMES),
    ({"net": {"head": {"name": "men"}}}, r"net\.head: .*'men'.* mean"),
    ({"net": {"nb_filters": [4]}}, "nb_filters"),
    ({"training": {"mixup": "soft"}}, "mixup would mix labels, but nothing that network 'encod"),
    ({"training": {"augment": [MIXUP]}}, "mixup would mix labels, but nothing that network"),
    ({"training": {"augment": [{"name": "spec_augment"}]}}, "spec_augment changes the log-mel, wh"),
]


@pytest.mark.parametrize(("changed", "sentence"), FAULTS)
def test_what_it_cannot_be_is_refused_in_the_plan(changed, sentence):
    with pytest.raises(SedError, match=sentence):
        tiny_system(**with_changes(**changed))


def test_mixtures_that_it_hears_are_taken():
    encoder = {"augment": [{**MIXUP, "encoder": True}]}
    assert tiny_system(**with_changes(training=encoder)).augments_encoder
    files = {"e2e": False, "freezed": True, "augment": [], "mixup": True}
    assert not tiny_system(
        **with_changes(pretrained=files, training={"mixup": "soft"})
    ).augments_encoder


def test_a_network_that_hears_the_log_mel_must_have_all_mixed():
    pretrained = SECTIONS["pretrained"]
    with pytest.raises(SedError, match="but not the log-mel that network 'crnn' hears, too; put"):
        tiny_system(pretrained=pretrained, training={"mixup": None})


def test_without_frames_none_is_built():
    with pytest.raises(SedError, match=FRAMES):
        build({"model": "encoder_head", "head": {"name": "mean"}}, 3)
