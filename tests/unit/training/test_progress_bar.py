"""The log of a training."""

import os
import re
import signal

import pytest

from sed_core.training.progress_bar import duration


def test_a_line_an_epoch(train, capsys):
    outcome = train(training={"n_epochs": 3})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    form = r"epoch 2 of 3, supervised loss \d\.\d{4}, consistency loss \d\.\d{4}, "
    form += r"objective \d\.\d{3}, best \d\.\d{3}, at most \d+ s left"
    assert re.fullmatch(form, lines[1])
    assert f"objective {outcome.history[2]['val/obj_metric']:.3f}" in lines[2]
    assert "left" not in lines[2]


def test_a_resumed_training_says_where_it_goes_on(train, capsys, tmp_path):
    train(name="short", training={"n_epochs": 1})
    (last,) = (tmp_path / "checkpoints/short").glob("*/last.ckpt")
    capsys.readouterr()
    train(
        name="longer", training={"n_epochs": 4, "validation_interval": 2, "resume_from": str(last)}
    )
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first == "continues at step 3, in epoch 2"
    assert re.fullmatch(r"epoch 2 of 4, supervised .* left", second)


def test_ctrl_c_is_told_apart_from_a_failure(train, monkeypatch):
    monkeypatch.setattr(
        "sed_core.training.progress_bar.EpochLines.on_train_epoch_end",
        lambda *_: os.kill(os.getpid(), signal.SIGINT),
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # workers of tests ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            train()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("seconds", "text"), [(4, "4 s"), (89, "89 s"), (700, "12 min"), (11100, "3 h 05 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
