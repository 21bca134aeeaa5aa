"""Configurations whose networks would not hear what their labels say are refused by a sentence."""

from pathlib import Path

import pytest
import yaml

from sed_core.config.systems import merge
from sed_core.config.systems import systems as complete
from sed_core.runtime.errors import SedError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def files() -> list[dict]:
    return [
        yaml.safe_load((ROOT / name).read_text())
        for name in ("config.yaml", "schemas/config.schema.yaml")
    ]


def systems(files: list[dict], *changes: dict) -> dict:
    text, schema = files
    for change in changes:
        text = merge(text, change)
    return complete(text, schema)


LONG = {"datasets": {"desed": {"clip_seconds": 30}}}


def test_a_fixed_window_wants_short_clips(files):
    """AST hears 10.24 s; a system with it is refused if asked for, and left out otherwise."""
    made = systems(files, LONG, {"targets": ["crnn"], "energy": {"reference": None}})
    with_ast = {name for name in systems(files) if name.startswith("ast")}
    assert with_ast and made.keys() == systems(files).keys() - with_ast
    with pytest.raises(SedError, match=r"'ast' hears 10\.24 s, but .* has clip_seconds 30, of"):
        systems(files, LONG, {"targets": ["crnn", "ast_frame"]})


def test_an_odd_window_is_refused(files):
    """A centred STFT of odd length gives a frame less where the hop divides the samples."""
    with pytest.raises(SedError, match=r"feats\.n_window: 2047 is not a multiple of 2"):
        systems(files, {"systems": {"crnn": {"feats": {"n_window": 2047}}}})


def test_weak_labels_alone_leave_out_systems_that_want_strong_ones(files):
    """`crnn_strong` names strong splits of its own: no obstacle unless it is asked for."""
    alone = {"strong": [], "unlabelled": None}
    change = {
        "defaults": {"data": alone, "training": {"batch_size": [0, 48, 0]}},
        "targets": ["crnn"],
        "energy": {"reference": None},
    }
    made = systems(files, change)
    assert "crnn" in made and not {"crnn_strong", "crnn_supervised"} & made.keys()
    with pytest.raises(SedError, match=r"takes no strong clips, but data\.strong names a split"):
        systems(files, change, {"targets": ["crnn", "crnn_strong"]})
