import numpy as np
import pandas as pd
import pytest
import torch

from sed_core.runtime.errors import SedError
from sed_core.training.batches import BatchIndices
from sed_core.training.loaders import training_loader
from sed_core.training.training_data import load_training_data
from tests.made_data import CLASSES, make_data, names, tiny_system

CPU = torch.device("cpu")


def load(data, /, *, seed=1, **overrides):
    return load_training_data(tiny_system(**overrides), data, seed=seed, device=CPU)


def chosen(training_data, clips) -> list[str]:
    return [training_data.names[clip] for clip in clips]


def test_every_part_has_its_clips(data):
    training_data = load(data)
    assert chosen(training_data, training_data.strong) == names("synth")
    assert chosen(training_data, training_data.unlabelled) == names("unlabelled")
    assert chosen(training_data, training_data.val_strong) == names("synth_val")


def test_strong_real_clips_come_before_the_synthetic_ones(data):
    training_data = load(data, data={"strong": ["strong", "synth"]})
    assert chosen(training_data, training_data.strong) == names("strong") + names("synth")


def test_labels_are_those_of_the_clip(data):
    training_data = load(data)
    for row, clip in enumerate(training_data.strong):
        onset, label = 0.1 * (1 + row % 4), row % len(CLASSES)
        expected = np.zeros(training_data.labels.shape[1:])
        expected[label, int(onset / 0.064) : int(np.ceil((onset + 0.4) / 0.064 - 1e-9))] = 1
        assert np.array_equal(training_data.labels[clip], expected), row
    assert not training_data.labels[training_data.weak].any()
    for clip in [*training_data.weak, *training_data.val_weak]:
        row = int(training_data.names[clip].split("_")[1].split(".")[0])
        assert training_data.weak_labels[clip].tolist() == [c == row % 3 for c in range(3)]
    assert not training_data.weak_labels[training_data.strong].any()


def test_audio_is_that_of_the_clip(data):
    training_data = load(data)
    clip = int(training_data.strong[4])
    samples = training_data.waveforms([clip])[0]
    active = samples[int(0.1 * 16000) : int(0.5 * 16000)]  # clip 4: onset 0.1 s
    assert active.std() > 3 * samples[int(0.6 * 16000) :].std()


def test_weak_split_is_drawn_from_the_whole_list(data):
    """As pandas draws it, and a clip keeps its part when others are absent."""
    training_data = load(data, seed=42)
    listed = pd.Series(names("weak"))
    drawn = listed.sample(frac=0.9, random_state=42)
    assert chosen(training_data, training_data.weak) == drawn.tolist()
    assert chosen(training_data, training_data.val_weak) == listed.drop(drawn.index).tolist()


def test_weak_split_ignores_which_clips_are_absent(tmp_path):
    data = make_data(tmp_path)
    truth = data / "truth/weak.tsv"
    absent = [f"absent_{number}.wav" for number in range(30)]
    rows = truth.read_text().splitlines()
    mixed = [rows[0], *(f"{name}\tCat" for name in absent[:15]), *rows[1:],
             *(f"{name}\tDog" for name in absent[15:])]  # fmt: skip
    truth.write_text("\n".join(mixed) + "\n")
    training_data = load(data, seed=42, data={"weak_split": 0.5})
    listed = pd.Series([*absent[:15], *names("weak"), *absent[15:]])
    drawn = listed.sample(frac=0.5, random_state=42).tolist()
    assert chosen(training_data, training_data.weak) == [
        name for name in drawn if name not in absent
    ]
    assert len(training_data.weak) + len(training_data.val_weak) == 10


def test_split_seed_overrides_the_training_seed(data):
    one, other = load(data, seed=1), load(data, seed=2)
    assert chosen(one, one.weak) != chosen(other, other.weak)
    fixed = [load(data, seed=seed, data={"split_seed": 42}) for seed in (1, 2)]
    assert chosen(fixed[0], fixed[0].weak) == chosen(fixed[1], fixed[1].weak)


def test_clips_without_events_do_not_train(tmp_path):
    data = make_data(tmp_path)
    truth = data / "truth/synth.tsv"
    rows = truth.read_text().splitlines()
    truth.write_text("\n".join([*rows[:-1], "synth_7.wav\t\t\t"]) + "\n")
    training_data = load(data)
    assert chosen(training_data, training_data.strong) == names("synth")[:-1]


def test_a_part_without_any_clip_is_refused(tmp_path):
    data = make_data(tmp_path)
    (data / "truth/synth.tsv").write_text(
        "filename\tonset\toffset\tevent_label\nx.wav\t0\t1\tCat\n"
    )
    with pytest.raises(SedError, match="none of the annotated clips of split 'synth' is present"):
        load(data)


def test_validation_batches_limit_both_kinds(data):
    training_data = load(data, data={"weak_split": 0.4}, training={"validation_batches": 1})
    assert len(training_data.val_strong) == len(training_data.val_weak) == 3  # batch_size_val


def test_cuts_move_labels_with_the_audio(tmp_path):
    """Clips of three seconds, networks that hear one."""
    data = make_data(tmp_path, seconds=3.0)
    training_data = load(data)
    clips = training_data.strong
    starts = []
    for epoch in range(20):
        training_data.draw_epoch(seed=1, epoch=epoch)
        starts.append(training_data.starts[clips].copy())
        for row, clip in enumerate(clips):
            begin = round(training_data.starts[clip] / 16000, 3)
            onset = np.clip(0.1 * (1 + row % 4) - begin, 0, 1) / 0.064
            offset = np.clip(0.1 * (1 + row % 4) + 0.4 - begin, 0, 1) / 0.064
            active = np.flatnonzero(training_data.labels[clip, row % 3])
            length = np.ceil(min(offset, 15) - 1e-6) - np.floor(min(onset, 15) + 1e-6)
            assert len(active) == (length if offset > onset else 0)
    starts = np.array(starts)
    assert starts.min() >= 0 and starts.max() <= 2 * 16000
    assert len(np.unique(starts)) > 0.9 * starts.size
    training_data.draw_epoch(seed=1, epoch=3)
    assert np.array_equal(training_data.starts[clips], starts[3])  # by epoch, not by history


def test_cuts_at_the_start(tmp_path):
    training_data = load(make_data(tmp_path, seconds=3.0), data={"crop": "start"})
    training_data.draw_epoch(seed=1, epoch=5)
    assert not training_data.starts.any()


def test_long_clips_give_windows_per_second(tmp_path):
    """Three windows of a second in clips of three seconds, each with the labels of its place."""
    data = make_data(tmp_path, seconds=3.0)
    training_data = load(data, data={"windows": "per_second"})
    once = load(data)
    for name in ("strong", "weak", "unlabelled"):
        windows, clips = getattr(training_data, name), getattr(once, name)
        assert np.array_equal(np.sort(training_data.recordings[windows]), np.sort([*clips] * 3))
    training_data.draw_epoch(seed=1, epoch=2)
    for clip in training_data.strong[: len(once.strong)]:
        windows = np.flatnonzero(training_data.recordings == clip)
        assert windows[0] == clip and len(windows) == 3
        starts = training_data.starts[windows]
        assert (np.diff(starts) > 0).all() and starts.max() <= 32000
        once.starts[clip] = starts[1]
        assert torch.equal(training_data.waveforms([int(windows[1])]), once.waveforms([int(clip)]))
        assert torch.equal(training_data.labels[windows[1]], once._encode(np.array([clip]))[0])
    batches = BatchIndices(
        [training_data.strong, training_data.weak, training_data.unlabelled], [2, 2, 2], seed=1
    )
    batch = next(iter(training_loader(training_data, batches)))
    weak = training_data.recordings[batches.order(0)[0, 2:4]]
    assert torch.equal(batch["weak_labels"], training_data.weak_labels[weak].float())
    short = load(make_data(tmp_path / "short"), data={"windows": "per_second"})
    assert len(short.recordings) == len(short.names)
