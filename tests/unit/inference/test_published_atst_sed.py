"""A file in the layout of ATST-SED's checkpoints, with filled weights, as a system's networks."""

from dataclasses import asdict, replace

import pytest
import torch

from sed_core.config.system import System
from sed_core.data.published_names import DESED_CLASSES
from sed_core.features.embeddings.atst_frame import ATSTFrame
from sed_core.features.frontend import FrontEnd
from sed_core.inference.external_checkpoint import check_agreement, completed
from sed_core.inference.predict import Predictor
from sed_core.inference.recordings import load_predictor
from sed_core.models.atst_sed_state import DECODING
from sed_core.models.checkpoint import load_checkpoint
from sed_core.models.crnn import build_crnn
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json
from tests.made_data import CLASSES, tiny_system
from tests.parity.fill import fill
from workflow_scripts.take_checkpoint import main

CPU = torch.device("cpu")
NET = {
    "nb_filters": [4, 4, 4],
    "kernel_size": [3, 3, 3],
    "padding": [1, 1, 1],
    "stride": [1, 1, 1],
    "pooling": [[2, 4], [2, 2], [1, 4]],
    "n_RNN_cell": 4,
    "activation": "cg",
    "use_embeddings": True,
    "embedding_size": 64,
}
TOLD = {
    "net": {**NET, "embedding_type": "frame", "aggregation_type": "pool1d", "nclass": 3},
    "feats": {"n_window": 512, "hop_length": 256, "n_mels": 32, "sample_rate": 16000},
    "scaler": {"statistic": "instance", "normtype": "minmax", "dims": [1, 2]},
    "training": {"batch_size": [1, 1, 1, 1], "median_window": DECODING["median_window"]},
}
OWN = {"model": "atst_as2m", "kind": "pool1d", "e2e": True, "freezed": False, "own_teacher": True}


def networks(seed, n_classes=3):
    """The CRNN and the encoder of one of the two."""
    net = {**NET, "embedding_type": "aligned", "shrink_aligned": False}
    encoder = ATSTFrame(width=64, depth=2, hidden=32)
    return fill(build_crnn(net, n_classes), seed).eval(), fill(encoder, seed).eval()


def state(seed, **options):
    """As it is published: the encoder among the network's own, with all that it had in training."""
    crnn, encoder = networks(seed, **options)
    inside = {
        f"atst_frame.atst.{key.replace('patch_embed', 'patch_embed.patch_embed')}": value
        for key, value in encoder.state_dict().items()
    }
    more = {"atst_frame.atst.mask_embed": torch.zeros(1, 1, 64), "cnn.total_ops": torch.zeros(1)}
    return crnn.state_dict() | inside | more


def write(path, *, told=True, **options):
    both = {"sed_student": state(1, **options), "sed_teacher": state(2, **options)}
    flat = {f"{name}.{key}": value for name, one in both.items() for key, value in one.items()}
    content = {"state_dict": flat, "epoch": 249, "pytorch-lightning_version": "1.9.5", **both}
    torch.save(content | ({"hyper_parameters": TOLD} if told else {}), path)
    return path


def system(classes=CLASSES, **overrides) -> System:
    made = tiny_system(**{"pretrained": OWN, "net": {"activation": "glu"}, **overrides})
    return replace(made, dataset=replace(made.dataset, classes=list(classes)))


@torch.inference_mode()
def test_each_network_hears_through_its_own_encoder(tmp_path):
    """The network of the file, not of the configuration; scores by the original's formula."""
    given = write(tmp_path / "stage_2.ckpt")
    write_json(tmp_path / "system.json", asdict(system()), decimals=12)
    main(
        [f"--checkpoint={given}", f"--system={tmp_path / 'system.json'}",
         f"--model={tmp_path / 'model.pt'}", f"--provenance={tmp_path / 'p.json'}", "--seed=7"]
    )  # fmt: skip
    predictor = Predictor.from_checkpoint(load_checkpoint(tmp_path / "model.pt"), CPU)
    assert predictor.system.net["activation"] == "cg"
    sound = 0.1 * torch.randn(2, 16000, generator=torch.Generator().manual_seed(3))
    found = predictor(sound)
    mel = FrontEnd(predictor.system).eval()(sound)
    for seed, name in ((1, "student"), (2, "teacher")):
        crnn, encoder = networks(seed)
        frames = encoder.tokens(encoder.features(sound)).mT
        pooled = torch.nn.functional.adaptive_avg_pool1d(frames, found[name][0].shape[1])
        strong, weak = crnn(mel, pooled)
        torch.testing.assert_close(torch.from_numpy(found[name][0]), strong.mT)
        torch.testing.assert_close(torch.from_numpy(found[name][1]), weak)
    assert abs(found["student"][0] - found["teacher"][0]).max() > 0.01


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {"pretrained": OWN | {"kind": "interpolate"}},
            r"give system 'tiny' the section pretrained: \{ model: atst_as2m, kind: pool1d, e2e: t",
        ),
        ({"pretrained": {}}, "networks of ATST-SED, each with an ATST-Frame of its own inside"),
        ({"scaler": {"range": [-1, 1]}}, r"scaler.range, which is \[0, 1\] in networks of its sh"),
    ],
)
def test_a_system_that_hears_otherwise_is_refused(tmp_path, overrides, sentence):
    given = load_checkpoint(write(tmp_path / "a.ckpt"))
    with pytest.raises(SedError, match=sentence):
        check_agreement(given, system(**overrides), source="a.ckpt")


def test_other_classes_are_refused(tmp_path):
    given = load_checkpoint(write(tmp_path / "a.ckpt", n_classes=10))
    with pytest.raises(SedError, match=r"tells 10 classes apart, data set 'desed' has 3"):
        completed(given, system(), source="a.ckpt")
    check_agreement(given, system(DESED_CLASSES), source="a.ckpt")
    with pytest.raises(SedError, match=r"class 1 of a.ckpt is 'Alarm_bell_ringing', as in all"):
        check_agreement(given, system(DESED_CLASSES[::-1]), source="a.ckpt")


def test_a_file_that_says_nothing_is_taken_for_the_published_one(tmp_path):
    given = load_checkpoint(write(tmp_path / "a.ckpt", told=False))
    with pytest.raises(SedError, match=r"feats.n_window: 2048, but system 'tiny' has 512"):
        check_agreement(given, system(), source="a.ckpt")
    wide = {"pooling": [[2, 4], [2, 4], [1, 8]]}
    published = system(feats={"n_window": 2048, "n_mels": 128}, net=wide)
    check_agreement(given, published, source="a.ckpt")
    taken = System.from_dict(completed(given, published, source="a.ckpt").system)
    assert taken.training.median_window == DECODING["median_window"]
    with pytest.raises(SedError, match="fuses embeddings and does not say which; make it a system"):
        load_predictor(tmp_path / "a.ckpt", CPU)
