"""The console command: `sed predict …` and `sed score …`.

A Python environment that is active comes before the system on PATH, so this command hides the
stream editor of the same name. Whatever is not ours therefore goes to that one; it knows no script
that begins with one of our words, so the two never meet.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

HELP = """\
usage: sed predict MODEL AUDIO …        events in recordings, by a trained model
       sed score PREDICTIONS --truth …  PSDS and F1 of any system's predictions

`sed predict --help` and `sed score --help` say more. Any other words go to the stream editor sed.
sed_core {version}
"""


def main() -> None:
    """Run the command that the first word names."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        from sed_core import __version__

        print(HELP.format(version=__version__), end="")
        return
    if words[0] not in ("predict", "score"):
        stream_editor(words)
    from sed_core.runtime.cli import run  # here: the stream editor must not wait for imports

    if words[0] == "predict":
        from sed_core.inference.__main__ import main as predict

        run(lambda: predict(words[1:], prog="sed predict"))
    from sed_core.scoring.__main__ import main as score

    run(lambda: score(words[1:], prog="sed score"))


def stream_editor(words: list[str]) -> NoReturn:
    """Become the `sed` after this command on PATH; where there is none, exit as a shell does."""
    own = Path(sys.argv[0]).resolve()
    folders = [Path(entry or ".").resolve() for entry in os.get_exec_path()]
    if own.parent in folders:  # those before hold another environment's, which would come back
        folders = folders[folders.index(own.parent) + 1 :]
    for folder in folders:
        path = folder / "sed"
        if path.resolve() != own and os.access(path, os.X_OK):
            os.execv(path, ["sed", *words])
    print(f"error: there is no command 'sed {words[0]}'.\n\n{HELP}", file=sys.stderr)
    raise SystemExit(127)


if __name__ == "__main__":
    main()
