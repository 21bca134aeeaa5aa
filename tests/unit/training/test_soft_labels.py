"""Labels between 0 and 1 train as they are; hard ones beside them stay whole."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest
import torch

from sed_core.config.split_roles import soft_labels
from sed_core.data.aggregation import AGGREGATIONS, RANDOM
from sed_core.data.layout import PreparedData
from sed_core.data.soft_labels import methods
from sed_core.runtime.errors import SedError
from sed_core.training.fit import fit
from sed_core.training.training_data import load_training_data
from sed_core.training.training_job import TrainingJob
from tests.made_data import tiny_system

STRONG_ONLY = {"strong": ["synth", "strong"], "weak": None, "unlabelled": None}


@pytest.fixture
def job(data, tmp_path):
    """Strong labels alone, those of `synth` half as sure as they were."""
    copy = tmp_path / "data"
    shutil.copytree(data, copy)
    soft = PreparedData(copy).training_labels("synth", "uniform")
    soft.parent.mkdir()
    table = pd.read_csv(PreparedData(copy).ground_truth("synth"), sep="\t")
    table.assign(confidence=0.5).to_csv(soft, sep="\t", index=False)
    system = tiny_system(data=STRONG_ONLY, training={"batch_size": [4, 0, 0]})
    system = replace(system, data=replace(system.data, soft_labels={"synth": "uniform"}))
    return TrainingJob(system, copy, 1, tmp_path / "checkpoints")


def test_soft_labels_reach_the_batches(job, data):
    def labels(one):
        loaded = load_training_data(one.system, one.data, seed=1, device=torch.device("cpu"))
        return loaded.labels[loaded.strong], loaded.labels[loaded.val_strong]

    (soft, val), plain = (
        labels(job),
        replace(job.system, data=replace(job.system.data, soft_labels={})),
    )
    hard, hard_val = labels(replace(job, system=plain))
    assert torch.equal(soft[:8], hard[:8] * 0.5), "synth"
    assert torch.equal(soft[8:], hard[8:].float()), "strong"
    assert torch.equal(val, hard_val.float())
    assert hard.dtype == torch.uint8
    assert fit(job, log_folder=None, on_save=lambda: None).history


def test_labels_of_other_systems_are_those_of_the_results(job, tmp_path):
    """Two folders of results may share the prepared data, and have systems of the same name."""
    made = job.prepared.training_labels("synth", "uniform")
    soft = {"synth": "pseudo-mine"}
    learns = replace(job.system, data=replace(job.system.data, soft_labels=soft))
    trees = [tmp_path / name / "mine" for name in ("one", "other")]
    jobs = [replace(job, system=learns, pseudo_labels=tree) for tree in trees]
    for sure, tree in zip((0.25, 0.75), trees, strict=True):
        tree.mkdir(parents=True)
        table = pd.read_csv(made, sep="\t").assign(confidence=sure)
        table.to_csv(tree / "synth_pseudo_labels.tsv", sep="\t", index=False)
    assert jobs[0].inputs["labels/synth"] != jobs[1].inputs["labels/synth"]
    for sure, one in zip((0.25, 0.75), jobs, strict=True):
        loaded = load_training_data(
            learns, one.data, seed=1, device=torch.device("cpu"), pseudo_labels=one.pseudo_labels
        )
        assert loaded.labels[loaded.strong][:8].max() == sure
    with pytest.raises(SedError, match="give the folder of their labels with --pseudo-labels"):
        _ = replace(job, system=learns).inputs


def test_random_draws_an_annotator_of_a_recording_in_each_epoch(job):
    """The second annotator of `synth` hears all a second later; the third hears nothing."""
    path = job.prepared.training_labels("synth", "uniform")
    first = pd.read_csv(path, sep="\t").assign(confidence=1, annotator=0, annotators=3)
    late = first.assign(onset=first["onset"] + 1, offset=first["offset"] + 1, annotator=1)
    pd.concat([first, late]).to_csv(path, sep="\t", index=False)
    loaded = load_training_data(job.system, job.data, seed=1, device=torch.device("cpu"))
    clips = torch.from_numpy(loaded.strong[:8])
    hear_all, certain = loaded.labels[clips].clone(), loaded.labels[loaded.strong[8:]].clone()
    drawn = {}
    for seed, epoch in ((1, 0), (1, 1), (2, 0), (1, 0)):
        loaded.draw_epoch(seed, epoch)
        picks = loaded.annotator[clips].tolist()
        assert drawn.setdefault((seed, epoch), picks) == picks, "the same again"
        for pick, labels, all_of_it in zip(picks, loaded.labels[clips], hear_all, strict=True):
            assert pick != 0 or torch.equal(labels, all_of_it)
            assert pick != 2 or not labels.any()
        assert torch.equal(loaded.labels[loaded.strong[8:]], certain), "has one annotator"
    assert len({tuple(picks) for picks in drawn.values()}) == 3
    assert {pick for picks in drawn.values() for pick in picks} == {0, 1, 2}


def test_other_soft_labels_are_another_training(job):
    before = job.inputs
    path = job.prepared.training_labels("synth", "uniform")
    path.write_text(path.read_text().replace("0.5\n", "0.6\n"))
    changed = {key for key, value in replace(job).inputs.items() if before[key] != value}
    assert changed == {"labels/synth"}


def test_the_configuration_names_the_ways_that_there_are():
    data = {"strong": ["a", "b", "c"], "reviewed": True}
    soft = {"a": {"soft_labels": "annotators"}, "b": {"soft_labels": "confidence"}, "c": {}}
    splits = {name: {"labels": "strong", **split} for name, split in soft.items()}
    for name in (*AGGREGATIONS, RANDOM):
        found = soft_labels({**data, "aggregation": name}, splits, "crnn")
        assert found == {"a": f"{name}_reviewed", "b": "confidence"}
        assert set(found.values()) <= set(methods())
