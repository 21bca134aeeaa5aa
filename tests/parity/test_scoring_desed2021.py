"""A real system at 50 operating points: PSDS of psds_eval, F1 of psds_eval and sed_eval."""

import pytest

from sed_core.scoring.__main__ import main
from sed_core.scoring.collar import collar_f1
from sed_core.scoring.evaluate import psds_of
from sed_core.scoring.event_tables import read_detections
from sed_core.scoring.events import read_events
from sed_core.scoring.intersection import intersection_f1, intersection_statistics
from sed_core.scoring.scenarios import SCENARIOS
from sed_core.scoring.segment import segment_f1
from sed_core.scoring.spans import spans_of_events
from tests.parity.scoring_data import devtest_files, devtest_truth, read_oracle

TOLERANCE = 1e-5
FOLDER = "scoring/desed2021_student"


@pytest.fixture(scope="module")
def oracle(reference_file):
    return read_oracle(reference_file(f"{FOLDER}/oracle.json"))["values"]["student"]


@pytest.fixture(scope="module")
def classes(oracle):
    return [name for name in oracle["classes_of_counts"] if name != "WORLD"]


@pytest.fixture(scope="module")
def truth(reference_file, classes):
    return devtest_truth(reference_file, classes)


@pytest.fixture(scope="module")
def points(reference_file):
    return reference_file(f"{FOLDER}/student_operating_points.tsv")


@pytest.fixture(scope="module")
def tables(points, truth):
    return read_detections(points, truth).tables


@pytest.fixture(scope="module")
def spans(tables, truth):
    return spans_of_events(tables, len(truth.classes))


def test_operating_points_have_the_numbers_of_events_published(tables, oracle):
    assert [len(table) for table in tables] == list(oracle["n_detections"].values())


@pytest.mark.parametrize("name", ["psds1", "psds2"])
def test_psds(name, spans, truth, oracle):
    score = psds_of(spans, truth, SCENARIOS[name], "dcase2022")
    assert score.value == pytest.approx(oracle[name]["psds"], abs=TOLERANCE)
    assert score.class_mean == pytest.approx(oracle[name]["psds_alpha_st_0"], abs=TOLERANCE)
    assert score.per_class == pytest.approx(oracle[name]["class_wise"], abs=TOLERANCE)
    assert score.undefined == []


@pytest.mark.parametrize("name", ["psds1", "psds2"])
def test_every_count_of_the_confusion_matrix(name, spans, truth, oracle, classes):
    """psds_eval's matrix: found events, cross-triggers and (last column) false positives."""
    scenario, point = SCENARIOS[name], 24  # threshold 0.49
    statistics = intersection_statistics(
        spans, truth, dtc=scenario.dtc, gtc=scenario.gtc, cttc=0.3, convention="dcase2022"
    )
    matrix = oracle[f"counts_{name}_th_0.49"]
    for label, part in enumerate(statistics.by_class()):
        expected = dict(zip([*classes, "WORLD"], matrix[label], strict=True))
        assert part.tp.running(50)[point] == expected[classes[label]]
        assert part.fp.running(50)[point] == expected["WORLD"]
        for other, other_name in enumerate(classes):
            if other != label:
                crossed = part.ct[part.ct.other == other].running(50)[point]
                assert crossed == expected[other_name]


@pytest.fixture(scope="module")
def half(reference_file):
    return reference_file(f"{FOLDER}/student_predictions_0.5.tsv")


@pytest.mark.parametrize("name", ["predictions_0.5", "op_0.49", "op_0.51"])
def test_f1(name, half, tables, truth, oracle):
    if name == "predictions_0.5":
        events = read_events(half, truth.filenames, truth.classes)
    else:
        events = tables[{"op_0.49": 24, "op_0.51": 25}[name]]
    expected = oracle[name]
    for f1, key in (
        (intersection_f1, "intersection_f1"),
        (collar_f1, "event_based"),
        (segment_f1, "segment_based"),
    ):
        score = f1(events, truth)
        assert score.macro == pytest.approx(expected[key]["macro_f1"], abs=TOLERANCE)
        assert score.per_class == pytest.approx(expected[key]["class_wise"], abs=TOLERANCE)
        if "micro_f1" in expected[key]:
            assert score.micro == pytest.approx(expected[key]["micro_f1"], abs=TOLERANCE)


def test_the_command_prints_the_reference_values(reference_file, half, capsys):
    truth, durations = devtest_files(reference_file)
    options = ["--truth", str(truth), "--durations", str(durations), "--eventless-clips", "score"]
    main([str(half), *options])
    shown = capsys.readouterr().out.splitlines()
    total = next(line for line in shown if line.startswith("(all classes)"))
    assert total.split()[-3:] == ["0.6374", "0.3987", "0.6935"]
    assert shown[0] == "events; 1168 of 1168 clips"
