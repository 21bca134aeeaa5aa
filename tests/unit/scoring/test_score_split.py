import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from sed_core.config.jobs import Scoring, ScoringJob, as_json
from sed_core.data.manifest import COLUMNS
from sed_core.reporting.further_tables import further_tables
from sed_core.runtime.errors import SedError
from sed_core.scoring.score_file import Posteriors, read_scores, score_writer, write_scores
from tests.unit.scoring.conftest import CLASSES, FILES, TRUTH_ROWS
from workflow_scripts.aggregate import main as aggregate
from workflow_scripts.score import main as score


@pytest.fixture
def inputs(tmp_path):
    """Options of `score` on a small split, with noisy scores of both networks."""
    truth = ["filename\tonset\toffset\tevent_label"]
    truth += ["\t".join(map(str, row)) for row in TRUTH_ROWS]
    (tmp_path / "truth.tsv").write_text("\n".join(truth) + "\n")
    durations = "filename\tduration\n" + "".join(f"{name}\t10.0\n" for name in FILES)
    (tmp_path / "durations.tsv").write_text(durations)
    rng = np.random.default_rng(1)
    with score_writer(
        tmp_path / "scores.h5",
        filenames=FILES,
        classes=CLASSES,
        n_frames=np.full(4, 156),
        frame_seconds=0.064,
    ) as writer:
        for name in ("student", "teacher"):
            strong = rng.random((4, 156, 3), np.float32) * 0.4
            for clip, onset, offset, label in TRUTH_ROWS:
                frames = slice(round(onset / 0.064), round(offset / 0.064))
                strong[FILES.index(clip), frames, CLASSES.index(label)] += 0.5
            writer.put(name, slice(0, 4), strong, strong.max(1))
    return {
        "--scores": tmp_path / "scores.h5",
        "--truth": tmp_path / "truth.tsv",
        "--durations": tmp_path / "durations.tsv",
        "--job": job(),
        "--split": "devtest",
        "--seed": 1,
        "--output": tmp_path / "psds.json",
        "--roc": tmp_path / "roc.json",
    }


def job(coverage=0, **scoring):
    """What the script is told, as the workflow's configuration has it but for the draws."""
    given = {"reported": "student", "median_window": 7, "n_thresholds": 50, "bootstrap": 8}
    modes = {"eventless_clips": "skip", "f1_convention": "dcase2022", "further": [], "groups": []}
    modes["weak_mask"] = False
    return as_json(ScoringJob("crnn", "tiny", coverage, Scoring(**given | modes | scoring)))


def run(main, options):
    main([str(part) for pair in options.items() for part in pair])


def test_result_of_a_seed(inputs, tmp_path):
    (tmp_path / "provenance.json").write_text('{"code_version": "abc"}')
    more = {"--energy": tmp_path / "energy.json", "--provenance": tmp_path / "provenance.json"}
    run(score, inputs | more)
    result = json.loads((tmp_path / "psds.json").read_text())
    assert result["schema"] == 1
    assert result["coverage"] == {"devtest": {"expected": 3, "present": 3}}
    assert result["provenance"] == {"code_version": "abc"}
    assert result["scenarios"]["psds1"]["dtc"] == 0.7
    assert result["settings"]["median_window"] == 7
    assert set(result["networks"]) == {"student", "teacher"}
    student = result["networks"]["student"]
    assert student["psds1"]["exact"]["value"] == 1  # the scores are that good
    assert student["intersection_f1"]["macro"] == 1
    curves = json.loads((tmp_path / "roc.json").read_text())
    assert curves["teacher"]["psds2"]["efpr"][0] == 0
    energy = json.loads((tmp_path / "energy.json").read_text())
    assert (energy["system"], energy["stage"]) == ("crnn", "scoring")
    assert energy["seconds"] > 0


def test_coverage_is_that_of_the_manifest(inputs, tmp_path):
    row = dict.fromkeys(COLUMNS, "0") | {"status": "ok"}
    names = [*FILES, "lost.wav"]
    rows = [row | {"filename": n, "status": "missing" if "lost" in n else "ok"} for n in names]
    lines = ["\t".join(COLUMNS), *("\t".join(r[column] for column in COLUMNS) for r in rows)]
    (tmp_path / "devtest.tsv").write_text("\n".join(lines) + "\n")
    more = {"--manifest": tmp_path / "devtest.tsv", "--job": job(coverage=0.8)}
    run(score, inputs | more)
    result = json.loads((tmp_path / "psds.json").read_text())
    assert result["coverage"] == {"devtest": {"expected": 5, "present": 4}}
    with pytest.raises(SedError, match="1 of 5 clips are missing"):
        run(score, inputs | more | {"--job": job(coverage=0.81)})


def test_equal_inputs_give_equal_bytes(inputs, tmp_path):
    run(score, inputs)
    first = (tmp_path / "psds.json").read_bytes()
    run(score, inputs)
    assert (tmp_path / "psds.json").read_bytes() == first


def test_a_network_that_is_not_there_cannot_be_reported(inputs, tmp_path):
    with h5py.File(inputs["--scores"], "a") as file:
        del file["student"]
    with pytest.raises(SedError, match="has no student, only teacher"):
        run(score, inputs)
    assert not (tmp_path / "psds.json").exists()


def test_seeds_are_summed_up(inputs, tmp_path):
    for seed in (2, 1):
        run(score, inputs | {"--seed": seed, "--output": tmp_path / f"{seed}.json"})
    second = json.loads((tmp_path / "2.json").read_text())
    metrics = second["networks"]["student"]
    metrics["psds1"]["exact"]["value"] = 0.9
    metrics["collar_f1"]["per_class"]["Cat"] = None
    (tmp_path / "2.json").write_text(json.dumps(second))
    output = tmp_path / "all.json"
    aggregate([str(tmp_path / "2.json"), str(tmp_path / "1.json"), "--output", str(output)])
    result = json.loads(output.read_text())
    assert result["seeds"] == [1, 2]
    assert result["summary"]["psds1_exact"] == {"mean": 0.95, "std": 0.070711, "values": [1, 0.9]}
    assert result["summary"] == result["networks"]["student"]
    assert set(result["summary"]) == {
        *(f"psds{n}_{kind}" for n in (1, 2) for kind in ("exact", "dcase2022", "class_mean")),
        "intersection_f1",
        "collar_f1",
        "segment_f1",
    }
    assert result["per_class"]["collar_f1"]["Cat"] == 1  # of the seed that has a value
    assert result["provenance"] == {"1": {}, "2": {}}
    aggregate([str(tmp_path / "1.json"), "--output", str(output)])
    assert json.loads(output.read_text())["summary"]["collar_f1"]["std"] is None


def test_intervals_of_the_mean_over_seeds(inputs, tmp_path):
    for seed, network in ((1, "student"), (2, "teacher")):
        own = {
            "--job": job(reported=network, median_window=1, bootstrap=30),
            "--bootstrap-scores": tmp_path / f"r{seed}.json",
            "--output": tmp_path / f"{seed}.json",
        }
        run(score, inputs | own | {"--seed": seed})
    single = json.loads((tmp_path / "1.json").read_text())
    low, high = single["intervals"]["collar_f1"]
    assert 0 <= low <= single["networks"]["student"]["collar_f1"]["macro"] <= high <= 1
    drawn = [json.loads((tmp_path / f"r{seed}.json").read_text()) for seed in (1, 2)]
    assert drawn[0]["observed"]["collar_f1"] == pytest.approx(
        single["networks"]["student"]["collar_f1"]["macro"], abs=1e-6
    )
    (tmp_path / "2.json").write_text(
        (tmp_path / "1.json").read_text().replace('"seed": 1', '"seed": 2')
    )
    paths = [str(tmp_path / f"{seed}.json") for seed in (1, 2)]
    files = [str(tmp_path / f"r{seed}.json") for seed in (1, 2)]
    outputs = [
        "--output",
        str(tmp_path / "all.json"),
        "--bootstrap-scores-output",
        str(tmp_path / "r.json"),
    ]
    aggregate([*paths, "--bootstrap-scores", *files, *outputs])
    means = np.mean([part["metrics"]["segment_f1"] for part in drawn], axis=0)
    assert json.loads((tmp_path / "r.json").read_text())["metrics"]["segment_f1"] == pytest.approx(
        means.tolist(), abs=1e-6
    )
    interval = json.loads((tmp_path / "all.json").read_text())["summary"]["segment_f1"]["interval"]
    assert interval == pytest.approx(np.quantile(means, [0.025, 0.975]).tolist(), abs=1e-5)


def test_groups_and_further_metrics_over_seeds(inputs, tmp_path):
    rows = [f'{name},"a; ""b""",{"hall" if n % 2 else "attic"}' for n, name in enumerate(FILES)]
    (tmp_path / "metadata.csv").write_text("\n".join(["filename,scene,room", *rows, ""]))
    own = {
        "--job": job(groups=["room"], further=["segment_auroc", "psds2_no_cross_triggers"]),
        "--metadata": tmp_path / "metadata.csv",
    }
    for seed in (1, 2):
        paths = {"--output": f"{seed}.json", "--bootstrap-scores": f"r{seed}.json"}
        paths = {option: tmp_path / name for option, name in paths.items()}
        run(score, inputs | own | paths | {"--seed": seed})
    files = [[str(tmp_path / f"{kind}{seed}.json") for seed in (1, 2)] for kind in ("", "r")]
    output = str(tmp_path / "all.json")
    aggregate([*files[0], "--bootstrap-scores", *files[1], "--output", output])
    result = json.loads((tmp_path / "all.json").read_text())
    assert result["further"]["segment_auroc"]["value"]["std"] == 0
    assert set(result["further"]["psds2_no_cross_triggers"]["per_class"]) == set(CLASSES)
    groups = result["groups"]["room"]
    assert list(groups) == ["attic", "hall"]
    assert sum(group["clips"] for group in groups.values()) == 4
    low, high = groups["attic"]["summary"]["psds1_exact"]["interval"]
    assert low <= groups["attic"]["summary"]["psds1_exact"]["mean"] <= high
    further, rooms = further_tables([result])
    assert further.columns[:2] == ["System", "Segment AUROC"] and len(further.rows) == 1
    assert [row[:3] for row in rooms.rows] == [["attic", "crnn", "2"], ["hall", "crnn", "2"]]
    assert rooms.title == "Scores by room, exact scale" and "[" in rooms.rows[0][4]
    with pytest.raises(SedError, match="groups need the split's table of metadata"):
        run(score, inputs | {"--job": own["--job"]})


def test_clips_mask_their_frames(inputs, tmp_path):
    """As if no frame had been given a higher score than its clip."""
    scores = read_scores(inputs["--scores"])
    net = scores.networks["student"]
    low = Posteriors(net.strong, np.full_like(net.weak, 0.3))
    found = {}
    for name, posteriors, weak_mask in (
        ("masked", low, True),
        ("lowered", Posteriors(np.minimum(net.strong, np.float32(0.3)), net.weak), False),
        ("as they are", low, False),
    ):
        both = dict.fromkeys(("student", "teacher"), posteriors)
        write_scores(inputs["--scores"], replace(scores, networks=both))
        run(score, inputs | {"--job": job(weak_mask=weak_mask)})
        found[name] = json.loads((tmp_path / "psds.json").read_text())["networks"]
    assert found["masked"] == found["lowered"] != found["as they are"]
    assert found["masked"]["student"]["collar_f1"]["macro"] == 0  # nothing is above 0.5


def test_results_that_do_not_belong_together(inputs, tmp_path):
    run(score, inputs)
    one = str(inputs["--output"])
    with pytest.raises(SedError, match="give each seed's result once"):
        aggregate([one, one, "--output", str(tmp_path / "all.json")])
    run(
        score,
        inputs | {"--seed": 2, "--job": job(median_window=3), "--output": tmp_path / "2.json"},
    )
    with pytest.raises(SedError, match="seed 1 and seed 2 differ in settings"):
        aggregate([one, str(tmp_path / "2.json"), "--output", str(tmp_path / "all.json")])
