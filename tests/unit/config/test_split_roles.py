"""Configurations whose networks would not hear what their labels say are refused by a sentence."""

from pathlib import Path

import pytest
import yaml

from sed_core.config.systems import merge
from sed_core.config.systems import systems as complete
from sed_core.runtime.errors import SedError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def text() -> dict:
    return yaml.safe_load((ROOT / "config.yaml").read_text())


def systems(text: dict, *changes: dict) -> dict:
    for change in changes:
        text = merge(text, change)
    return complete(text)


LONG = {"datasets": {"desed": {"clip_seconds": 30}}}


def test_a_fixed_window_wants_short_clips(text):
    """AST hears 10.24 s; a system with it is refused if asked for, and left out otherwise.

    So is one that augments what ATST-Frame hears, which it hears in pieces beyond 10 s.
    """
    made = systems(text, LONG, {"targets": ["crnn"]})
    with_ast = {name for name in systems(text) if name.startswith("ast")}
    assert with_ast and made.keys() == systems(text).keys() - with_ast - {"atst_sed"}
    with pytest.raises(SedError, match=r"'ast' hears 10\.24 s, but .* has clip_seconds 30, of"):
        systems(text, LONG, {"targets": ["crnn", "ast_frame"]})


@pytest.mark.parametrize("seconds", [1, 5, 10, 10.24, 10.25, 30, 60])
def test_each_encoder_hears_all_of_a_clip_or_is_refused_in_the_plan(text, seconds):
    """In files of embeddings and inside a system alike; how they hear it is `test_encoders.py`."""
    heard, text = {"ast": 10.24}, {**text, "systems": {}}
    for model in text["embeddings"]:
        for e2e in (False, True):
            system = {"pretrained": {"model": model, "kind": "aligned", "e2e": e2e}}
            change = {
                "datasets": {"desed": {"clip_seconds": seconds}},
                "systems": {"mine": system},
                "targets": ["mine"],
            }
            if seconds <= heard.get(model, 60):
                assert "mine" in systems(text, change)
            else:
                said = rf"systems\.mine: '{model}' hears 10\.24 s, but data set 'desed' has clip_"
                with pytest.raises(SedError, match=said):
                    systems(text, change)


def test_an_odd_window_is_refused(text):
    """A centred STFT of odd length gives a frame less where the hop divides the samples."""
    with pytest.raises(SedError, match=r"feats\.n_window: 2047 is not a multiple of 2"):
        systems(text, {"systems": {"crnn": {"feats": {"n_window": 2047}}}})


def test_weak_labels_alone_leave_out_systems_that_want_strong_ones(text):
    """`crnn_strong` names strong splits of its own: no obstacle unless it is asked for."""
    alone = {"strong": [], "unlabelled": None}
    change = {
        "defaults": {"data": alone, "training": {"batch_size": [0, 48, 0]}},
        "targets": ["crnn"],
    }
    made = systems(text, change)
    assert "crnn" in made and not {"crnn_strong", "crnn_supervised"} & made.keys()
    with pytest.raises(SedError, match=r"takes no strong clips, but data\.strong names a split"):
        systems(text, change, {"targets": ["crnn", "crnn_strong"]})
