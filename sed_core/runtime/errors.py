"""The one exception that users are meant to read."""


class SedError(Exception):
    """A mistake the user can mend.

    The message is one sentence that names the file (and row), says what was expected and what
    to do about it. Scripts print it without a traceback and exit with 1.
    """
