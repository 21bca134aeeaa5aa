"""The console command: `sedlab predict …` and `sedlab score …`."""

import sys

HELP = """\
usage: sedlab predict MODEL AUDIO …        events in recordings, by a trained model
       sedlab score PREDICTIONS --truth …  PSDS and F1 of any system's predictions

`sedlab predict --help` and `sedlab score --help` say more.
sed_core {version}
"""


def main() -> None:
    """Run the command that the first word names; exit code 2 when there is none of that name."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        from sed_core import __version__

        print(HELP.format(version=__version__), end="")
        return
    if words[0] not in ("predict", "score"):
        print(
            f"error: there is no command 'sedlab {words[0]}'; it is predict or score "
            "(sedlab --help).",
            file=sys.stderr,
        )
        raise SystemExit(2)
    from sed_core.runtime.cli import run  # here, as below: help must not wait for imports

    if words[0] == "predict":
        from sed_core.inference.__main__ import main as predict

        run(lambda: predict(words[1:], prog="sedlab predict"))
    from sed_core.scoring.__main__ import main as score

    run(lambda: score(words[1:], prog="sedlab score"))


if __name__ == "__main__":
    main()
