import csv
import io

import pytest

from sed_core.reporting.table import Table, csv_text, kwh, markdown, percent, spread, text

TABLE = Table("Title", ["System", "A"], [["measured"], ["x", "1.25"], ["longer", "–"]], ["Note."])


def test_markdown_is_padded_and_headings_are_bold() -> None:
    assert TABLE.markdown().splitlines() == [
        "## Title",
        "",
        "| System       |    A |",
        "| :----------- | ---: |",
        "| **measured** |      |",
        "| x            | 1.25 |",
        "| longer       |    – |",
        "",
        "- Note.",
    ]


def test_plain_text() -> None:
    assert TABLE.text().splitlines() == [
        "Title",
        "",
        "System     A",
        "------  ----",
        "measured",
        "x       1.25",
        "longer     –",
        "",
        "Note.",
    ]


def test_documents_hold_all_tables() -> None:
    assert markdown("Doc", [TABLE, TABLE]).count("## Title") == 2
    assert text([TABLE, TABLE]).count("Note.") == 2


def test_csv_has_the_union_of_columns_and_quotes_commas() -> None:
    rows = csv_text([{"a": 1, "b": None}, {"a": "x, y", "c": 0.5}])
    assert rows == 'a,b,c\n1,,\n"x, y",,0.5\n'
    assert next(csv.DictReader(io.StringIO(rows)))["b"] == ""


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (spread(0.34949, None, 3), "0.349"),
        (spread(0.3491, 0.0068, 3), "0.349 ± 0.007"),
        (spread(None, None, 3), "–"),
        (percent(0.6405, None), "64.0%"),
        (percent(0.642, 0.008), "64.2 ± 0.8%"),
        (percent(None, None), "–"),
        (kwh(1.717, None), "1.717"),
        (kwh(0.0304, None), "0.0304"),
        (kwh(0.000031415, 0.0000012), "0.0000314 ± 0.0000012"),
        (kwh(0.0, None), "0.000"),
        (kwh(None, None), "–"),
    ],
)
def test_numbers_as_the_field_prints_them(printed: str, expected: str) -> None:
    assert printed == expected
