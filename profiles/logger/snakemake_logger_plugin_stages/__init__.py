"""`snakemake --logger stages`: a line where a stage begins, and what failed; `make demo` uses it.

A stage is a rule, and for long jobs a rule of one system or pretrained network.
"""

import logging
import sys
import time
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

LONGEST = 20  # lines of a failed job's log that are shown; its sentence is the last


class LogHandler(LogHandlerBase):
    """Writes to standard error."""

    def __post_init__(self) -> None:
        self._begin = time.monotonic()
        self._seen: set[tuple[str, str]] = set()
        self._names: dict[int, str] = {}  # a failure tells of its job no more than the number
        self._done, self._total = 0, 0
        self._say("planning")

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, or count it."""
        event, content = getattr(record, "event", None), record.__dict__
        if event == LogEvent.PROGRESS:
            self._done, self._total = content["done"], content["total"]
            if self._done == self._total:
                self._say("done")
        elif event == LogEvent.RUN_INFO:
            self._total = content.get("total_job_count", self._total)
        elif event == LogEvent.JOB_INFO:
            self._began(content)
        elif event == LogEvent.JOB_ERROR:
            self._failed(content)
        elif event in (None, LogEvent.ERROR):
            text = str(record.msg or content.get("exception") or "")
            if "CalledProcessError" in text:  # of a long command line its end: how it ended
                text = "A job " + text.rstrip().rpartition("' ")[2]
            if record.levelno >= logging.WARNING or text.startswith("Nothing to be done"):
                self._write(text)

    def _began(self, job: dict[str, Any]) -> None:
        wildcards = job["wildcards"] or {}
        self._names[job["jobid"]] = " ".join([job["rule_name"], *map(str, wildcards.values())])
        of = wildcards.get("system") or wildcards.get("embedding") or ""
        stage = job["rule_name"], of if job["priority"] else ""
        if stage[0] != "all" and stage not in self._seen:
            self._seen.add(stage)
            self._say(" ".join(filter(None, stage)))

    def _failed(self, job: dict[str, Any]) -> None:
        self._say(f"{self._names.get(job['jobid'], job['rule_name'])} failed")
        for log in job["log"] or []:
            lines = Path(log).read_text(errors="replace").splitlines() if Path(log).exists() else []
            self._write("\n".join([f"The end of {log}:", *lines[-LONGEST:]]))

    def _say(self, what: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._begin), 60)
        count = f"{self._done:3d} of {self._total}" if self._total else ""
        self._write(f"{minutes:3d}:{seconds:02d} {count:>10}  {what}")

    def _write(self, text: str) -> None:
        if text.strip():
            print(text, file=sys.stderr, flush=True)

    @property
    def writes_to_stream(self) -> bool:
        """In place of Snakemake's own lines."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Snakemake keeps its log file."""
        return False

    @property
    def has_filter(self) -> bool:
        """It chooses itself."""
        return True

    @property
    def has_formatter(self) -> bool:
        """It formats itself."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False
