import json

import pytest

from sed_core.reporting.false_alarms import false_alarms_table
from sed_core.reporting.published_scores import grouped, published
from sed_core.reporting.scores_table import gaps, read_scores, scores_records, scores_tables
from sed_core.runtime.errors import SedError


def test_row_in_the_published_layout(scores) -> None:
    table, exact = scores_tables([scores()], dataset="mini", others=[])
    assert table.columns == [
        "System",
        "PSDS1",
        "PSDS2",
        "Intersection F1",
        "Collar F1",
        "Network",
        "Seeds",
    ]
    assert table.rows == [["crnn", "0.336", "0.536", "64.1%", "40.1%", "student", "1"]]
    assert exact.rows == [["crnn", "0.346", "0.550", "0.400", "0.600", "70.0%", "student", "1"]]


def test_the_scales_are_named_and_apart(scores) -> None:
    first, second = scores_tables([scores()], dataset="mini", others=published())
    assert first.title == "Scores on mini (devtest), scale of 2022: 50 thresholds"
    assert second.title == "Scores on mini (devtest), exact scale: all thresholds"
    printed = " ".join(cell for row in second.rows for cell in row)
    assert "0.349 ± 0.007" not in printed  # the published 50-threshold figure
    assert "0.359 ± 0.006" in printed


def test_spread_only_with_several_seeds(scores) -> None:
    systems = [scores("crnn", std=0.0071, seeds=(1, 2, 3)), scores("crnn_strong")]
    table = scores_tables(systems, dataset="mini", others=[])[0]
    assert table.rows[0][1:4] == ["0.336 ± 0.007", "0.536 ± 0.007", "64.1 ± 0.7%"]
    assert table.rows[1][1:4] == ["0.336", "0.536", "64.1%"]
    assert [row[-1] for row in table.rows] == ["3", "1"]
    assert "± is the standard deviation over seeds." in table.notes


def test_partial_coverage_is_marked(scores) -> None:
    systems = [scores("crnn", present=96), scores("crnn_strong")]
    table = scores_tables(systems, dataset="mini", others=[])[0]
    assert [row[0] for row in table.rows] == ["crnn†", "crnn_strong"]
    assert "† crnn was scored on part of the data (devtest: 96 of 100 clips)." in table.notes
    assert gaps(systems[1]) == []


def test_classes_that_the_mean_leaves_out_are_named(scores) -> None:
    notes = scores_tables([scores()], dataset="mini", others=[])[0].notes
    found = [note for note in notes if "leaves out" in note]
    assert found == ["Collar F1 of crnn leaves out, as in 2022, classes without an event: Dog."]


def test_who_confirms_the_exact_psds_is_said(scores) -> None:
    one, other, old = scores("a"), scores("b"), scores("c")
    one["sed_scores_eval"] = {"42": {"version": "0.0.4", "psds1": 0.3459}}
    reason = {"unchecked": "not checked, since so."}
    other["sed_scores_eval"] = {"1": reason, "2": reason}
    notes = [
        scores_tables(systems, dataset="mini", others=[])[1].notes[2:]
        for systems in ([old], [one], [one, other, old])
    ]
    assert notes[:2] == [[], ["sed_scores_eval 0.0.4 gives the same exact PSDS."]]
    said = "sed_scores_eval 0.0.4 gives the same exact PSDS of the others."
    assert notes[2] == ["PSDS of b is not checked, since so.", said]


def test_an_undefined_score_is_a_dash(scores) -> None:
    table = scores_tables([scores(psds1=None)], dataset="mini", others=[])[0]
    assert table.rows[0][1] == "–"


def test_remarks_on_weights_come_from_the_configuration(scores) -> None:
    """Not from the results: another wording computes nothing anew."""
    one, other = scores(), scores("ast_frame")
    other["provenance"] = {"42": {"pretrained": {"model": "ast", "note": "imported"}}}
    remarks = {"pretrained": {"ast": "small"}, "left_out": {"yamnet_aligned": "no weights"}}
    notes = scores_tables([one, other], dataset="mini", others=[], notes=remarks)[0].notes
    assert "yamnet_aligned is left out: no weights." in notes
    told = [note for note in notes if note.startswith("Pretrained")]
    assert told == [
        "Pretrained network ast of ast_frame: imported.",
        "Pretrained network ast of ast_frame: small.",
    ]


def test_another_data_set_is_not_compared_with_desed(scores) -> None:
    notes = scores_tables([scores()], dataset="mini", others=[])[0].notes
    assert "Scores on mini compare systems with each other, not with DESED's." in notes
    rows = scores_tables([scores()], dataset="desed", others=published())[0].rows
    assert [row[0] for row in rows if len(row) == 1] == ["measured here", "published by others"]


def test_published_figures_are_printed_as_published() -> None:
    rows = {row.name: row for row in published()}
    baseline = rows["2022 baseline"]
    assert (baseline.psds1_dcase2022, baseline.psds2_dcase2022) == ("0.336", "0.536")
    assert (baseline.intersection_f1, baseline.collar_f1) == ("64.1%", "40.1%")
    assert (baseline.training_kwh, baseline.devtest_kwh) == ("1.717", "0.030")
    assert baseline.psds1_exact == ""
    ast = rows["2022 + AST frames"]
    assert (ast.psds1_dcase2022, ast.collar_f1, ast.network) == ("0.3224", "37.16%", "teacher")
    assert all(row.source and row.hardware for row in rows.values())


def test_notes_name_rows_that_share_a_source() -> None:
    sentences = grouped(published(), "hardware")
    assert len(sentences) == 3
    assert sentences[0].endswith(": NVIDIA A100 40 GB, codecarbon 1.2.0.")
    assert len(grouped(published(), "scores_remark")) == 2


def test_records_keep_full_precision(scores) -> None:
    first, *others = scores_records([scores(std=0.01, seeds=(1, 2))], published())
    assert first["psds1_dcase2022"] == 0.3364
    assert first["psds1_dcase2022_std"] == 0.01
    assert (first["clips_present"], first["source"], first["seeds"]) == (100, "measured", 2)
    assert others[0]["source"].startswith("github.com/")
    assert others[0]["psds1_dcase2022"] == "0.336"


def test_records_have_further_metrics_and_groups(scores) -> None:
    value = {"mean": 0.7, "std": 0.1}
    summary = {"psds1_exact": {"mean": 0.5, "interval": [0.4, 0.6]}}
    group = {"clips": 3, "seconds": 30.0, "absent": [], "summary": summary}
    further = {"segment_auroc": {"value": value}, "pi_psds1": {"value": value, "class_mean": value}}
    asked = scores() | {"further": further, "groups": {"place": {"cafe": group, "street": group}}}
    total, cafe, street = scores_records([asked], [])
    assert (total["segment_auroc"], total["segment_auroc_std"]) == (0.7, 0.1)
    assert total["pi_psds1_class_mean"] == 0.7 and "group" not in total
    assert (cafe["group_by"], cafe["group"], street["group"]) == ("place", "cafe", "street")
    assert (cafe["system"], cafe["clips_present"], cafe["psds1_exact"]) == (total["system"], 3, 0.5)
    assert (cafe["psds1_exact_low"], cafe["psds1_exact_high"]) == (0.4, 0.6)


def test_a_file_of_one_seed_is_refused(tmp_path) -> None:
    path = tmp_path / "devtest_psds.json"
    path.write_text(json.dumps({"system": "crnn", "split": "devtest", "seed": 42}))
    with pytest.raises(
        SedError,
        match=r"has no coverage, per_class, reported, seeds, settings, summary; .*aggregate",
    ):
        read_scores(path)


def test_false_alarms_are_a_row_a_system():
    quiet = {"alarms_per_hour": 0.0, "active": {}}
    loud = {"alarms_per_hour": 360.0, "active": {"Cat": 0.1, "Frying_pan": 1.0}}
    heard = {"silence": quiet, "offset": loud}
    table = false_alarms_table([{"system": "a", "false_alarms": heard}, {"system": "b"}])
    assert table.columns == ["System", "silence", "offset"]
    assert table.rows == [["a", "0", "360 (Frying pan, 100%)"]]
    assert false_alarms_table([{"system": "b"}]) is None
