"""What DCASE 2024's recipe sets for training and testing, against what its own code makes of it."""

import numpy as np
import pandas as pd
import pytest
import yaml

from sed_core.data.labels import FrameGrid, LabelEncoder
from sed_core.data.soft_labels import with_other_names
from sed_core.scoring.decode import median_filter
from sed_core.training.schedule.dcase2024 import dcase2024
from sed_core.training.schedule.length import Length
from tests.parity.fill import noise


@pytest.fixture(scope="module")
def data(zoo):
    return zoo("dcase2024_small")


@pytest.fixture(scope="module")
def shipped(root):
    return yaml.safe_load((root / "configs/dcase2024.yaml").read_text())


def test_rate(data):
    """118 steps an epoch; the rate rises for 50 epochs, falls from epoch 100 to epoch 300."""
    length = Length(warmup=50 * 118, epoch=118, total=300 * 118)
    rates = [1e-3 * dcase2024(int(step) - 1, length, anneal_from=100) for step in data["lr_step"]]
    expected = 1e-3 * data["exact/lr_factor"]
    first = data["lr_step"] == 1  # whose factor the original computes, and never uses
    assert np.array(rates)[~first] == pytest.approx(expected[~first], rel=1e-12)
    assert np.array(rates)[first] == 1e-3


def test_median_windows(data, shipped, seed):
    """One for each class, of the scores themselves: no rounding, so all is equal."""
    windows = shipped["systems"]["baseline_2024"]["scoring"]["median_window"]
    assert windows == data["median_windows"].tolist()
    scores = data["median_in"]
    drawn = 1 / (1 + np.exp(-noise("median/in", scores.shape, seed)))
    assert scores == pytest.approx(drawn, abs=1e-6)
    assert np.array_equal(median_filter(scores[None], windows)[0], data["median_out"])


def test_other_names_of_labels(data, shipped):
    """MAESTRO's rows that train a class of DESED, too; of rows that overlap the last one counts."""
    dataset = shipped["datasets"]["dcase2024"]
    columns = ["onset", "offset", "confidence"]
    rows = pd.DataFrame(data["alias_in"].astype(float), columns=columns)
    rows = rows.assign(filename="a.wav", event_label=data["alias_in_label"])
    found = with_other_names(rows, dataset["splits"]["maestro"]["also"])
    assert found["event_label"].tolist() == data["alias_out_label"].tolist()
    assert np.array_equal(found[columns].to_numpy().astype(np.float32), data["alias_out"])

    grid = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)
    assert dataset["classes"] == data["classes"].tolist()
    last, highest = (
        LabelEncoder(dataset["classes"], grid, overlaps).encode_split(found, ["a.wav"])[0]
        for overlaps in ("last", "highest")
    )
    assert np.array_equal(last, data["alias_matrix"])
    assert (last <= highest).all()
    assert (last < highest).any()


def test_every_array_is_read(unread):
    assert unread == []
