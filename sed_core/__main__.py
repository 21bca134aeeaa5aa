"""The console command: `sedlab predict …`, `sedlab score …` and the others of `COMMANDS`."""

import sys
from importlib import import_module

COMMANDS = {
    "detect": (
        "AUDIO …",
        "events in any recordings, by a model that is ready",
        "detection.__main__",
    ),
    "listen": ("", "events of a stream while it goes on", "detection.listen_command"),
    "serve": ("", "a page on this machine to try a model on", "detection.serve_command"),
    "models": (
        "[FILES …]",
        "the models that are ready, and how fast they are here",
        "detection.list_models",
    ),
    "export": ("MODEL FOLDER", "a model as ONNX that stands alone", "detection.export_command"),
    "verify": ("FOLDER …", "whether an exported model is whole", "detection.verify_command"),
    "predict": (
        "MODEL AUDIO …",
        "events in recordings, by a trained model",
        "detection.predict_command",
    ),
    "score": (
        "PREDICTIONS --truth …",
        "PSDS and F1 of any system's predictions",
        "scoring.__main__",
    ),
    "convert": (
        "LABELS …",
        "label files of one program for another",
        "data.label_formats.__main__",
    ),
}
"""Word -> its arguments, what it does, the module whose `main` does it."""


def main() -> None:
    """Run the command that the first word names; exit code 2 when there is none of that name."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        print(usage())
        return
    if words[0] not in COMMANDS:
        print(
            f"error: there is no command 'sedlab {words[0]}'; it is one of {', '.join(COMMANDS)} "
            "(sedlab --help).",
            file=sys.stderr,
        )
        raise SystemExit(2)
    from sed_core.runtime.cli import run  # here, as below: help must not wait for imports

    command = import_module(f"sed_core.{COMMANDS[words[0]][2]}").main
    run(lambda: command(words[1:], prog=f"sedlab {words[0]}"))


def usage() -> str:
    """What the command prints without a word."""
    from sed_core import __version__

    width = max(len(f"{word} {given}") for word, (given, _, _) in COMMANDS.items())
    lines = [
        f"{f'{word} {given}':{width}}  {purpose}" for word, (given, purpose, _) in COMMANDS.items()
    ]
    calls = "\n       sedlab ".join(lines)
    return f"usage: sedlab {calls}\n\n`sedlab COMMAND --help` says more.\nsed_core {__version__}"


if __name__ == "__main__":
    main()
