"""What a training says it was made of."""

from sed_core.training import training_job as module
from sed_core.training.training_job import TrainingJob
from tests.made_data import tiny_system


def test_the_fingerprint_knows_what_computes(monkeypatch, data, tmp_path):
    """The same seed with and without a compiler gives other weights."""
    names = set()
    for said in ("gcc 12", "gcc 13", "torch"):
        monkeypatch.setattr(module, "kernels", lambda said=said: said)
        job = TrainingJob(tiny_system(), data, 1, tmp_path)
        names.add(job.checkpoint.parent.name)
        assert job.provenance()["kernels"] == said
    assert len(names) == 3


def test_an_edit_during_training_is_not_what_trained(monkeypatch, data, tmp_path):
    monkeypatch.setattr(module, "code_version", lambda *_, entries: "before")
    job = TrainingJob(tiny_system(), data, 1, tmp_path)
    folder = job.checkpoint
    monkeypatch.setattr(module, "code_version", lambda *_, entries: "after")
    assert job.provenance()["code_version"] == "before"
    assert job.checkpoint == folder
