from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sed_core.data.annotations import (
    merge_overlaps,
    named_clips,
    read_list,
    read_strong,
    read_weak,
)
from sed_core.runtime.errors import SedError

CLASSES = ["bark", "bell"]
HEADER = "filename\tonset\toffset\tevent_label\n"


@pytest.fixture
def tsv(tmp_path: Path) -> Path:
    return tmp_path / "set.tsv"


def strong(tsv: Path, body: str, header: str = HEADER, **options: object):  # type: ignore[no-untyped-def]
    tsv.write_text(header + body)
    return read_strong(tsv, **({"classes": CLASSES, "clip_seconds": 10} | options))  # type: ignore[arg-type]


WRONG = {
    "missing column": (
        "filename\tonset\tevent_label\n",
        "a.wav\t1\tbark\n",
        "row 1: no column offset",
    ),
    "column twice": (
        HEADER.replace("onset", "offset"),
        "a.wav\t1\t2\tbark\n",
        "row 1: column offset is there twice",
    ),
    "commas": (
        HEADER.replace("\t", ","),
        "a.wav,1,2,bark\n",
        "row 1: columns are separated by commas",
    ),
    "spaces": (
        HEADER.replace("\t", " "),
        "a.wav 1 2 bark\n",
        "row 1: columns are separated by spaces",
    ),
    "empty file": ("", "", "is empty"),
    "no rows": (HEADER, "\n\n", "no rows below it"),
    "unknown class": (
        HEADER,
        "a.wav\t1\t2\tbark\nb.wav\t1\t2\tme{o}w\n",
        "row 3: unknown class 'me{o}w'; expected one of bark, bell",
    ),
    "reversed": (HEADER, "a.wav\t3\t2\tbark\n", "row 2: onset 3 is after offset 2"),
    "negative": (HEADER, "a.wav\t-0.1\t2\tbark\n", "row 2: onset -0.1 is negative"),
    "not a number": (HEADER, "a.wav\t1\t2,5\tbark\n", "row 2: offset '2,5' is not a number"),
    "infinite": (HEADER, "a.wav\t1\tinf\tbark\n", "row 2: offset 'inf' is not a number"),
    "beyond the clip": (
        HEADER,
        "a.wav\t10\t11\tbark\n",
        "row 2: onset 10 is not inside the clip of 10 s",
    ),
    "half a row": (
        HEADER,
        "a.wav\t1\t\tbark\n",
        "row 2: onset ('1'), offset ('') and event_label ('bark')",
    ),
    "no filename": (HEADER, "\t1\t2\tbark\n", "row 2: no filename"),
    "a folder": (HEADER, "sub/a.wav\t1\t2\tbark\n", "row 2: sub/a.wav names a folder"),
    "too many fields": (
        HEADER,
        "\na.wav\t1\t2\tbark\tbell\n",
        "row 3: 5 fields where the header has 4",
    ),
    "too few fields": (HEADER, "a.wav\t1\t2\n", "row 2: onset ('1'), offset ('2')"),
    "more than one": (HEADER, "a.wav\t3\t2\tbark\na.wav\t4\t2\tbark\n", "row 2 (and 1 more)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_file_gives_one_sentence(tsv: Path, case: str) -> None:
    header, body, sentence = WRONG[case]
    with pytest.raises(SedError) as caught:
        strong(tsv, body, header)
    message = str(caught.value)
    assert message.startswith(str(tsv)) and sentence in message
    assert "\n" not in message and message.endswith(".")


def test_no_such_file_and_not_text(tsv: Path) -> None:
    with pytest.raises(SedError, match="does not exist"):
        read_list(tsv)
    tsv.write_bytes(b"filename\na.wav\n\xff\xfe")
    with pytest.raises(SedError, match=r"row 3: this is not UTF-8 .* save the file as text in UTF"):
        read_list(tsv)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ('"b.wav,0,1,bark\nc.wav,0,1,bark\n', "row 3: its quotes do not match"),  # hides c.wav
        ('"b.wav"x,0,1,bark\n', "row 3: its quotes do not match"),
        (f'"{"x" * 140_000}",0,1,bark\n', "row 3: its quotes do not match (field larger"),
    ],
)
def test_quotes_that_do_not_match_hide_no_row(tmp_path: Path, rows: str, sentence: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(f"filename,onset,offset,event_label\na.wav,0,1,bark\n{rows}")
    with pytest.raises(SedError) as caught:
        read_list(file)
    assert f"{file}, {sentence}" in str(caught.value)


def test_tabs_in_a_file_that_promises_commas(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + "a.wav\t0\t1\tbark\n")
    with pytest.raises(SedError, match="row 1: columns are separated by tabs; expected tabs, or c"):
        strong(tmp_path / "x.csv", "a.wav\t0\t1\tbark\n")


def test_windows_file_with_other_columns(tsv: Path) -> None:
    text = (
        "id\tevent_label\toffset\tonset\tfilename\n1\tbark\t2.5\t1\t a.wav \n\n2\tbell\t3\t1\tb.wav"
    )
    tsv.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    found = read_strong(tsv, classes=CLASSES, clip_seconds=10)
    assert found.table.values.tolist() == [["a.wav", 1, 2.5, "bark"], ["b.wav", 1, 3, "bell"]]


def test_what_is_kept_merged_and_dropped(tsv: Path) -> None:
    found = strong(
        tsv,
        "b.wav\t1\t3\tbark\n"
        "b.wav\t1\t3\tbark\n"  # repeated
        "b.wav\t2\t4\tbark\n"  # overlaps
        "b.wav\t4\t5\tbark\n"  # touches
        "b.wav\t2\t4\tbell\n"  # another class
        "a.wav\t5\t5\tbell\n"  # no extent
        "c.wav\t\t\t\n"
        "d.wav\tnan\tNaN\tnan\n"
        "f.wav\n"
        "e.wav\t9\t10.115\tbell\n",
    )
    assert found.filenames == ["b.wav", "a.wav", "c.wav", "d.wav", "f.wav", "e.wav"]
    assert found.table.values.tolist() == [
        ["b.wav", 1, 5, "bark"],
        ["b.wav", 2, 4, "bell"],
        ["e.wav", 9, 10.115, "bell"],
    ]
    assert found.counts == {
        "rows": 10,
        "clips": 6,
        "clips_without_events": 4,
        "events": 3,
        "repeated_rows_dropped": 1,
        "zero_length_dropped": 1,
        "same_class_overlaps_merged": 2,
        "events_ending_after_clip": 1,
        "events_cut_at_end_of_file": 0,
        "events_beyond_end_of_file_dropped": 0,
        "events_per_class": {"bark": 1, "bell": 2},
    }


def test_clips_longer_than_nominal(tsv: Path) -> None:
    body = "long.wav\t25\t31\tbark\nabsent.wav\t50\t51\tbell\n"
    found = strong(tsv, body, durations={"long.wav": 30.0})
    assert len(found.table) == 2 and found.counts["events_ending_after_clip"] == 1
    with pytest.raises(SedError, match="row 2: onset 25 is not inside the clip of 20 s"):
        strong(tsv, body, durations={"long.wav": 20.0})


def test_events_are_held_against_their_own_file(tsv: Path) -> None:
    """2022 would train on the padding behind a file; DESED's few tenths of a second stay."""
    found = strong(
        tsv,
        "cut.wav\t1.3\t2.4\tbark\n"  # begins after the file's end
        "cut.wav\t0.2\t2.4\tbell\n"  # lasts on
        "cut.wav\t0.3\t0.6\tbark\n"  # a little longer than the file
        "gone.wav\t1.3\t2.4\tbark\n"
        "long.wav\t11\t13\tbark\n",
        durations={"cut.wav": 0.5, "long.wav": 12.0},
    )
    assert found.table.values.tolist() == [
        ["cut.wav", 0.2, 0.5, "bell"],
        ["cut.wav", 0.3, 0.6, "bark"],
        ["gone.wav", 1.3, 2.4, "bark"],
        ["long.wav", 11, 12, "bark"],
    ]
    assert found.filenames == ["cut.wav", "gone.wav", "long.wav"]
    told = {
        "events": 4,
        "events_ending_after_clip": 4,
        "events_cut_at_end_of_file": 2,
        "events_beyond_end_of_file_dropped": 1,
        "repeated_rows_dropped": 0,
    }
    assert told.items() <= found.counts.items()
    with pytest.raises(SedError, match="row 2: onset 10 is not inside the clip of 10 s"):
        strong(tsv, "cut.wav\t10\t11\tbark\n", durations={"cut.wav": 0.5})


def test_weak(tsv: Path) -> None:
    tsv.write_text("filename\tevent_labels\nb.wav\tbark, bell\na.wav\t\nb.wav\tbark,bell\n")
    found = read_weak(tsv, classes=CLASSES)
    assert found.table.values.tolist() == [["b.wav", "bark,bell"], ["a.wav", ""]]
    assert found.counts["labels_per_class"] == {"bark": 1, "bell": 1}
    assert (found.counts["repeated_rows_dropped"], found.counts["clips_without_events"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("a.wav\tbark,meow\n", "row 2: unknown class 'meow'"),
        ("a.wav\tbark,\n", "row 2: event_labels 'bark,' has a comma without a class"),
        ("a.wav\tbark\na.wav\tbell\n", "row 3: a.wav has other labels further up"),
    ],
)
def test_wrong_weak_rows(tsv: Path, body: str, sentence: str) -> None:
    tsv.write_text("filename\tevent_labels\n" + body)
    with pytest.raises(SedError, match=sentence):
        read_weak(tsv, classes=CLASSES)


def test_list_of_any_table(tsv: Path) -> None:
    tsv.write_text(HEADER + "b.wav\t1\t2\tx\na.wav\t1\t2\ty\nb.wav\t3\t4\tx\n")
    assert read_list(tsv).filenames == ["b.wav", "a.wav"]


times = st.integers(0, 2000).map(lambda value: value / 100)
events = st.tuples(st.sampled_from(["a", "b"]), times, times, st.sampled_from(CLASSES))


@settings(max_examples=30, deadline=None)
@given(st.lists(events.filter(lambda e: e[1] < e[2]), max_size=20))
def test_merging_keeps_coverage_and_leaves_no_contact(rows: list[tuple]) -> None:
    table = pd.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])
    table = table.astype({"onset": float, "offset": float})
    merged = merge_overlaps(table)

    def instants(frame: pd.DataFrame) -> set[tuple]:
        return {
            (row.filename, row.event_label, step)
            for row in frame.itertuples()
            for step in range(round(row.onset * 100), round(row.offset * 100))
        }

    assert instants(merged) == instants(table)
    ordered = merged.sort_values(["filename", "event_label", "onset"])
    following = ordered.groupby(["filename", "event_label"])["onset"].shift(-1)
    assert not (following <= ordered["offset"]).any()


cells = st.one_of(
    st.sampled_from(["a.wav", "1", "2.5", "-1", "nan", "bark", "bell", "", " ", "inf", "1e999"]),
    st.text(max_size=6),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=5).map("\t".join), max_size=5), st.booleans())
def test_any_text_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], header: bool
) -> None:
    tsv = tmp_path_factory.getbasetemp() / "any.tsv"
    text = (HEADER if header else "") + "\n".join(lines)
    tsv.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        found = read_strong(tsv, classes=CLASSES, clip_seconds=10)
    except SedError as error:
        assert str(error).startswith(str(tsv))
    else:
        assert (found.table["onset"] < found.table["offset"]).all()
        assert set(found.table["event_label"]) <= set(CLASSES)


def test_csv_with_quotes_and_a_column_class_beside_tsv(tmp_path: Path) -> None:
    path = tmp_path / "annotations.CSV"
    path.write_text('onset,class,filename,offset\n0.5,bark,"one, ""two"".wav",1\n')
    found = read_strong(path, classes=CLASSES, clip_seconds=10)
    assert found.table.to_dict("records") == [
        {"filename": 'one, "two".wav', "onset": 0.5, "offset": 1.0, "event_label": "bark"}
    ]
    path.write_text("onset;class;filename;offset\n0.5;bark;a.wav;1\n")
    with pytest.raises(SedError, match="separated by semicolons; expected tabs, or commas where"):
        read_strong(path, classes=CLASSES, clip_seconds=10)
    path.write_text("filename,onset,offset,class,event_label\na.wav,0,1,loud,bell\n")
    assert read_strong(path, classes=CLASSES, clip_seconds=10).counts["events_per_class"]["bell"]


def test_a_folder_with_a_text_file_a_clip(tmp_path: Path) -> None:
    with pytest.raises(SedError, match="or a folder with a text file for each clip"):
        read_list(tmp_path)
    (tmp_path / "b.txt").write_text("0.5\t1.25\tbark\n2\t3\tbell\n")
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.jams").write_text("{}")
    found = read_strong(tmp_path, classes=CLASSES, clip_seconds=10)
    assert found.filenames == ["a.wav", "b.wav"] == read_list(tmp_path).filenames
    assert found.table.values.tolist() == [["b.wav", 0.5, 1.25, "bark"], ["b.wav", 2, 3, "bell"]]
    (tmp_path / "a.txt").write_text("0\t1\n")
    with pytest.raises(SedError, match=r"row 1 of a\.txt: onset"):
        read_strong(tmp_path, classes=CLASSES, clip_seconds=10)


def test_a_wrong_line_in_a_folder_is_named_with_its_file(tmp_path: Path) -> None:
    place = tmp_path / "soft_labels_cafe"
    place.mkdir()
    (place / "b.txt").write_text("0\t1\tbark\t0.25\n1\t2\tbark\t2\n")
    with pytest.raises(SedError, match=r"row 2 of b\.txt: confidence '2'; expected a number from"):
        read_strong(tmp_path, classes=CLASSES, clip_seconds=10, confidence=True)
    found = read_strong(tmp_path, classes=CLASSES, clip_seconds=10)
    assert found.filenames == ["b.wav"], "where confidences do not matter they are not read"


def test_clips_count_that_every_table_names(tmp_path: Path) -> None:
    for name, clips in {"events": "cba", "metadata": "abd"}.items():
        (tmp_path / name).write_text("filename\n" + "".join(f"{clip}.wav\n" for clip in clips))
    assert named_clips(tmp_path / "events", tmp_path / "metadata") == ["b.wav", "a.wav"]
    assert named_clips("", tmp_path / "metadata") == ["a.wav", "b.wav", "d.wav"]
    assert named_clips(None, "") is None
