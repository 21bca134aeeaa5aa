"""The table of false alarms where nothing happens."""

from collections.abc import Mapping, Sequence
from typing import Any

from sed_core.reporting.table import ABSENT, Table


def false_alarms_table(systems: Sequence[Mapping[str, Any]]) -> Table | None:
    """A row a system that was heard on such signals, or None where none was.

    Args:
        systems: contents of the aggregated score files, in row order.
    """
    heard = [system for system in systems if system.get("false_alarms")]
    if not heard:
        return None
    signals = list(heard[0]["false_alarms"])
    rows = [
        [system["system"], *(_cell(system["false_alarms"].get(signal)) for signal in signals)]
        for system in heard
    ]
    notes = [
        "Events at threshold 0.5 in an hour of clips without any, and the class that is active "
        "longest, with its share of the time. A large `scaler.min_range_db` stops them.",
    ]
    return Table("False alarms an hour", ["System", *signals], rows, notes)


def _cell(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ABSENT
    count = f"{found['alarms_per_hour']:.0f}"
    if not found["active"]:
        return count
    label, share = max(found["active"].items(), key=lambda item: item[1])
    return f"{count} ({label.replace('_', ' ')}, {share:.0%})"
