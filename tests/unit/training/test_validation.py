import numpy as np
import pytest
import torch
from torch.nn import functional

from sed_core.data.corpus import Corpus
from sed_core.scoring.collar import collar_f1
from sed_core.scoring.decode import decode, median_filter
from sed_core.scoring.ground_truth import read_ground_truth
from sed_core.scoring.intersection import intersection_f1
from sed_core.training.loaders import validation_loader
from sed_core.training.training_data import load_training_data
from sed_core.training.validation import Validation
from sed_core.training.validation_windows import ValidationWindows
from tests.made_data import CLASSES, make_data, names, tiny_system


def material_of(data, **training):
    system = tiny_system(data={"weak_split": 0.5}, training=training)
    return load_training_data(system, data, seed=1, device=torch.device("cpu"))


def posteriors(training_data, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels with errors: some frames and tags flipped."""
    generator = torch.Generator().manual_seed(seed)
    clips = torch.tensor([*training_data.val_strong, *training_data.val_weak])
    strong, weak = training_data.labels[clips].float(), training_data.weak_labels[clips].float()
    flip_strong = torch.rand(strong.shape, generator=generator) < 0.1
    flip_weak = torch.rand(weak.shape, generator=generator) < 0.2
    return (strong - flip_strong.float()).abs() * 0.6 + 0.2, (
        weak - flip_weak.float()
    ).abs() * 0.6 + 0.2


@pytest.fixture
def epoch(data):
    training_data = material_of(data)
    outputs = {"student": posteriors(training_data, 1), "teacher": posteriors(training_data, 2)}
    validation = Validation(training_data, ValidationWindows.of(training_data))
    for rows in (slice(0, 3), slice(3, 6), slice(6, None)):  # batches mix strong and weak clips
        validation.add({key: (s[rows], w[rows]) for key, (s, w) in outputs.items()})
    return training_data, outputs, validation.finish()


def test_scores_are_those_of_the_metrics_themselves(epoch, data, tmp_path):
    _, outputs, scalars = epoch
    durations = tmp_path / "durations.tsv"
    durations.write_text("filename\tduration\n" + "".join(f"{n}\t1\n" for n in names("synth_val")))
    truth = read_ground_truth(data / "truth/synth_val.tsv", durations, CLASSES)
    for network, (strong, _) in outputs.items():
        scores = np.ascontiguousarray(strong[:4].numpy().transpose(0, 2, 1))
        events = decode(median_filter(scores, 7), 0.5, frame_seconds=0.064)
        for name, metric in (("intersection", intersection_f1), ("event", collar_f1)):
            expected = metric(events, truth, convention="dcase2022").macro
            assert scalars[f"val/synth/{network}/{name}_f1_macro"] == pytest.approx(expected)
            assert 0 < expected <= 1


def test_losses(epoch):
    training_data, outputs, scalars = epoch
    for network, (strong, weak) in outputs.items():
        labels = training_data.labels[training_data.val_strong].float()
        weak_labels = training_data.weak_labels[training_data.val_weak].float()
        expected = functional.binary_cross_entropy(strong[:4], labels).item()
        assert scalars[f"val/synth/{network}/loss_strong"] == pytest.approx(expected)
        expected = functional.binary_cross_entropy(weak[4:], weak_labels).item()
        assert scalars[f"val/weak/{network}/loss_weak"] == pytest.approx(expected)


def test_tags(epoch):
    """Macro F1 over all classes, as torchmetrics."""
    from torchmetrics.functional.classification import multilabel_f1_score

    training_data, outputs, scalars = epoch
    weak_labels = training_data.weak_labels[training_data.val_weak].int()
    for network, (_, weak) in outputs.items():
        expected = multilabel_f1_score(weak[4:], weak_labels, num_labels=3, average="macro").item()
        assert scalars[f"val/weak/{network}/macro_F1"] == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["intersection", "event"])
def test_the_objective_is_the_students(data, kind):
    training_data = material_of(data, obj_metric_synth_type=kind)
    validation = Validation(training_data, ValidationWindows.of(training_data))
    validation.add(
        {"student": posteriors(training_data, 1), "teacher": posteriors(training_data, 2)}
    )
    scalars = validation.finish()
    parts = scalars["val/weak/student/macro_F1"], scalars[f"val/synth/student/{kind}_f1_macro"]
    assert scalars["val/obj_metric"] == pytest.approx(sum(parts))
    assert not any(validation.strong["student"])


@pytest.mark.parametrize("join", ["centre", "mean"])
def test_long_clips_are_validated_whole(tmp_path, join):
    """Recordings of three seconds, of different lengths, for networks that hear one."""
    data = make_data(tmp_path, seconds=3.0)
    truth = data / "truth/synth_val.tsv"
    rows = [f"{name}\t2.0{row}\t2.7\tFrying\n" for row, name in enumerate(names("synth_val"))]
    truth.write_text(truth.read_text() + "".join(rows))
    judged = {"objective": "psds1_class_mean", "judged_network": "student"}
    system = tiny_system(data={"weak_split": 0.5}, stitching={"join": join}, training=judged)
    training_data = load_training_data(system, data, seed=1, device=torch.device("cpu"))
    training_data.audio.lengths[training_data.val_strong[0]] -= 2700
    training_data.draw_epoch(seed=1, epoch=1)  # of no account here
    whole = ValidationWindows.of(training_data)
    validation = Validation(training_data, whole)
    assert validation.truth.events.offset.max() == 2.7
    assert validation.n_frames.max() in (46, 47) and validation.n_frames.min() < 46
    labels = validation.labels.transpose(1, 2) * 0.98 + 0.01
    for at in range(0, len(whole.windows), 4):
        windows = whole.windows[at : at + 4]
        strong = torch.full((len(windows), 3, 15), 0.01)
        for row, window in enumerate(windows):
            if window.recording < 4:
                part = labels[window.recording, window.frame :][:15].T
                strong[row, :, : part.shape[1]] = part
        outputs = strong, strong.amax(2)
        validation.add({"student": outputs, "teacher": outputs})
    scalars = validation.finish()
    assert scalars["val/synth/student/intersection_f1_macro"] == 1
    assert scalars["val/synth/student/loss_strong"] < 0.011
    assert scalars["val/synth/student/psds1_class_mean"] == scalars["val/obj_metric"] == 1
    scores = validation._padded([np.zeros((n, 3), np.float32) for n in validation.n_frames])
    lengths = training_data.audio.lengths[training_data.val_strong]
    assert validation._judged(scores).truth.durations.tolist() == (lengths / 16000).tolist()
    shares = [ValidationWindows.of(training_data, rank=rank, world_size=2) for rank in (0, 1)]
    assert sum(len(share.windows) for share in shares) == len(whole.windows)
    batches = list(validation_loader(training_data, shares[1]))
    assert [len(batch["waveforms"]) for batch in batches[:-1]] == [3] * (len(batches) - 1)
    start = np.array([shares[1].windows[1].start])
    clip = Corpus.open(data / "audio16k/synth_val.h5").gather([1], 16000, starts=start)
    assert torch.equal(batches[0]["waveforms"][1], torch.from_numpy(clip[0]))
