"""MAESTRO's rows that train a class of DESED, too, and rows that overlap, against DCASE 2024's."""

import numpy as np
import pandas as pd
import yaml

from sed_core.data.labels import FrameGrid, LabelEncoder
from sed_core.data.soft_labels import with_other_names


def test_as_in_2024(root, reference):
    data = dict(np.load(reference / "zoo/dcase2024_small.npz"))
    also = yaml.safe_load((root / "configs/dcase2024.yaml").read_text())["datasets"]["dcase2024"]
    rows = pd.DataFrame(
        data["alias_in"].astype(float), columns=["onset", "offset", "confidence"]
    ).assign(filename="a.wav", event_label=data["alias_in_label"])
    found = with_other_names(rows, also["splits"]["maestro"]["also"])
    assert found["event_label"].tolist() == data["alias_out_label"].tolist()
    times = found[["onset", "offset", "confidence"]].to_numpy()
    assert np.array_equal(times.astype(np.float32), data["alias_out"])

    grid = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)
    assert also["classes"] == data["classes"].tolist()
    last, highest = (
        LabelEncoder(also["classes"], grid, overlaps).encode_split(found, ["a.wav"])[0]
        for overlaps in ("last", "highest")
    )
    assert np.array_equal(last, data["alias_matrix"])
    assert (last <= highest).all()
    assert (last < highest).any()
