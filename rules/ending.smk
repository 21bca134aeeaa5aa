"""What a run that fails says last; no rules here."""

import atexit
import sys
from pathlib import Path


def failed_logs():
    """Logs of the jobs that failed, whose other outputs Snakemake has deleted."""
    logs = {str(path) for job in workflow.scheduler.failed for path in job.log}
    return {
        name: Path(name).read_text() for name in sorted(logs) if Path(name).is_file()
    }


def said_by_failed_jobs():
    """The end of each failed job's log, which `--quiet rules` would hide with the job itself."""
    if "RULES" not in {kind.name for kind in workflow.output_settings.quiet or ()}:
        return ""
    return "".join(
        "\n".join([f"{name}:", *text.splitlines()[-15:], ""])
        for name, text in failed_logs().items()
    )


def last_words():
    """The sentence of each failed job, and how to go on."""
    words = []
    for name, text in failed_logs().items():
        sentences = [line for line in text.splitlines() if line.startswith("error: ")]
        words.append(sentences[-1] if sentences else f"error: see the end of {name}")
    return [*dict.fromkeys(words), "The same command continues where this one stopped."]


def end_with_an_error():
    """Show what the jobs said; repeat the sentences below all that Snakemake has to say."""
    print(said_by_failed_jobs(), end="", flush=True)
    atexit.register(print, *last_words(), sep="\n", file=sys.stderr)
