import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sed_core.runtime.errors import SedError
from sed_core.scoring.fast_tables import header, read_numbers

numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20), st.sampled_from("rge"))
@settings(max_examples=60, deadline=None)
def test_numbers_are_those_that_python_reads(tmp_path_factory, rows, style):
    write = repr if style == "r" else lambda number: f"{number:.9{style}}"
    text = [[write(number) for number in row] for row in rows]
    path = tmp_path_factory.mktemp("t") / "t.tsv"
    path.write_text("a\tb\n" + "".join("\t".join(row) + "\n" for row in text))
    (table,) = read_numbers([path], ["a", "b"])
    np.testing.assert_array_equal(table, [[float(cell) for cell in row] for row in text])


ODD = [
    "1\t2,5\n", "1\t2 5\n", "1\t0x10\n", "1\t1_0\n", "1\t1.2.3\n", "1\t1-2\n", "1\t1e\n",
    "1\t1e-\n", "1\t-\n", "1\t\n", "\t2\n", "1\n", "1\t2\t3\n", "1\n1\t2\t3\n", "1\t2\n\n1\t2\n",
    "1\tnan\n",
    "1\tinf\n", "1\t+5\n", "1\t.\n", "1\tx\n", "", "1\t1d3\n", "1\t1e5e5\n", "1\t--2\n", "1\t2\0\n",
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_what_is_unusual_is_left_to_the_careful_reader(tmp_path, body):
    odd, plain = tmp_path / "odd.tsv", tmp_path / "plain.tsv"
    odd.write_text("a\tb\n" + body)
    plain.write_bytes(b"a\tb\r\n1\t-2.5e-3\r\n4\t5")  # Windows line ends, none at the end
    first, second, third = read_numbers([plain, odd, plain], ["a", "b"])
    assert second is None
    assert first.tolist() == third.tolist() == [[1, -0.0025], [4, 5]]
    assert read_numbers([plain], ["b", "a"]) == [None]


def test_a_header_that_is_no_text(tmp_path):
    (tmp_path / "x.tsv").write_text("onset\n", encoding="utf-16")
    with pytest.raises(SedError, match=r"x\.tsv is not UTF-8 text; unpack it"):
        header(tmp_path / "x.tsv")
