from sed_core.reporting.summary import summary_table


def test_energy_stands_in_a_unit_that_can_be_read(scores, energy) -> None:
    records = [
        energy(kwh=0.000341),
        energy("big", kwh=0.0123),
        energy(stage="devtest", kwh=0.00000477, method="estimated"),
        energy("big", stage="devtest", kwh=None),
    ]
    rows = [scores(), scores("crnn+sebbs"), scores("big"), scores("none")]
    table = summary_table(rows, records, dataset="mini")
    assert table.columns[-2:] == ["Training mWh", "Dev-test mWh"]
    assert [row[-2:] for row in table.rows] == [
        ["341", "4.77"],
        ["341", "4.77"],  # a variant costs what its system does
        ["12300", "not measurable"],
        ["–", "–"],
    ]
    assert table.notes[-1].startswith("Energy: partly measured, estimated, incomplete;")


def test_energy_of_long_trainings_stays_in_kwh(scores, energy) -> None:
    records = [energy(seed=seed, kwh=1.0 + seed / 10) for seed in (1, 2, 3)]
    table = summary_table([scores()], records, dataset="DESED")
    assert table.columns[-2] == "Training kWh"
    assert table.rows[0][-2] == "1.20 ± 0.10"
