"""Types of command-line arguments; a bad value is refused with one sentence."""

from sed_core.runtime.errors import SedError


def positive(text: str) -> int:
    """A whole number above 0."""
    number = _number(text, "a whole number above 0")
    if number < 1 or number % 1:
        raise SedError(f"'{text}' was given; expected a whole number above 0.")
    return int(number)


def threshold(text: str) -> float:
    """What a score must exceed: scores lie between 0 and 1."""
    number = _number(text, "a threshold from 0 to below 1")
    if not 0 <= number < 1:
        raise SedError(
            f"the threshold is {text}; scores lie between 0 and 1, so give one from 0 to below 1."
        )
    return number


def odd_window(text: str) -> int:
    """Frames of a median filter: an odd number, so that it has a middle."""
    number = _number(text, "an odd number of frames")
    if number < 1 or number % 2 != 1:
        raise SedError(
            f"the median window is {text} frames; give an odd number such as 7, so that the window "
            "has a middle."
        )
    return int(number)


def _number(text: str, expected: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SedError(f"'{text}' is not a number; expected {expected}.") from error
