"""Words of a command line that make no sense are one sentence."""

import pytest

from sed_core.runtime.cli import positive, threshold, window
from sed_core.runtime.errors import SedError
from sed_core.scoring.settings import windows


@pytest.mark.parametrize(
    ("read", "word", "value"),
    [(positive, "24", 24), (threshold, "0", 0.0), (threshold, "0.99", 0.99), (window, "7", 7),
     (windows, "1", 1), (windows, "3,20", [3, 20])],
)  # fmt: skip
def test_what_makes_sense(read, word, value):
    assert read(word) == value


@pytest.mark.parametrize(
    ("read", "word", "sentence"),
    [
        (positive, "0", "'0' was given; expected a whole number above 0"),
        (positive, "1.5", "'1.5' was given"),
        (positive, "nan", "'nan' was given"),
        (positive, "inf", "'inf' was given"),
        (positive, "many", "'many' is not a number; expected a whole number"),
        (threshold, "5", "threshold is 5; scores lie between 0 and 1"),
        (threshold, "1", "threshold is 1"),
        (threshold, "-0.1", "threshold is -0.1"),
        (threshold, "nan", "threshold is nan"),
        (window, "4.5", "median window is 4.5 frames; give a whole number"),
        (window, "inf", "median window is inf"),
        (windows, "7,-8", "median window is -8 frames"),
        (windows, "7,", "expected a number of frames"),
    ],
)
def test_what_does_not(read, word, sentence):
    with pytest.raises(SedError, match=sentence.replace("?", r"\?")):
        read(word)
