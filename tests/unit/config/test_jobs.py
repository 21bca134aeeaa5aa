"""What scoring, decoding and tuning are told."""

import json
from pathlib import Path

import pytest
import yaml

from sed_core.config.jobs import ScoringJob, TuningJob, as_json
from sed_core.runtime.errors import SedError

ROOT = Path(__file__).resolve().parents[3]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def config(published, convention=None):
    """The shipped configuration with this data set and F1 convention."""
    scoring = CONFIG["defaults"]["scoring"] | {"f1_convention": convention}
    datasets = {"mine": {"published": published}}
    return {"dataset": "mine", "datasets": datasets}, CONFIG["defaults"] | {"scoring": scoring}


@pytest.mark.parametrize(
    ("published", "own", "expected"),
    [
        ("dcase2022", None, "dcase2022"),
        (None, None, "sed_scores_eval"),
        ("dcase2022", "sed_scores_eval", "sed_scores_eval"),
        (None, "dcase2022", "dcase2022"),
    ],
)
def test_f1_follows_the_figures_it_stands_beside_unless_told(published, own, expected):
    whole, system = config(published, own)
    assert ScoringJob.of("crnn", system, whole).scoring.f1_convention == expected


def test_a_job_survives_its_json():
    whole, system = config(None)
    job = ScoringJob.of("crnn+sebbs", system, whole)
    assert ScoringJob.read(as_json(job)) == job
    for entry in CONFIG["postprocessing"].values():
        tuning = TuningJob.of(entry, system)
        assert TuningJob.read(as_json(tuning)) == tuning


def test_a_misspelt_key_is_one_sentence():
    whole, system = config(None)
    text = json.loads(as_json(ScoringJob.of("crnn", system, whole)))
    text["scoring"]["medain"] = text["scoring"].pop("bootstrap")
    with pytest.raises(SedError, match=r"section 'scoring' must have exactly .*; check bootstrap"):
        ScoringJob.read(json.dumps(text))
