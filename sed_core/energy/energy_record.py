"""From sensor readings to the record of a stage: components, sums over resumed runs, file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sed_core.energy.tracker import PROJECTS, Reading
from sed_core.runtime.files import write_json, write_text

SCHEMA = 1
DECIMALS = 12  # a second of a laptop is a millionth of a kWh
NOT_MEASURABLE = "not measurable"
NO_GPU = "no GPU used"

LIMITS = {
    "NVML": "The GPU counter covers the whole board, idle power and other processes included.",
    "RAPL": "RAPL covers whole processor packages, idle power and other processes included.",
    "estimated": (
        "Estimated figures come from load and nominal power of the whole machine; they do not "
        "compare between machines or codecarbon versions."
    ),
    "idle": "Idle power is part of every figure; where a sensor can tell it, it is shown beside.",
}


def component(kwh: float | None, method: str, note: str = "") -> dict[str, Any]:
    """One row of `components`."""
    return {"kwh": kwh, "method": method, "note": note}


def cpu_component(kwh: float | None, why_not: str | None, reading: Reading | None) -> dict:
    """Processor energy: RAPL, else codecarbon's figure under its true name.

    Args:
        kwh: from RAPL, or None.
        why_not: why RAPL gave nothing.
        reading: codecarbon's totals, or None.
    """
    if kwh is not None:
        return component(kwh, "measured (RAPL)")
    if reading is None:
        return component(None, NOT_MEASURABLE, why_not or "")
    if reading.cpu_method == "RAPL":
        return component(reading.cpu_kwh, "measured (RAPL, read by codecarbon)")
    method = f"estimated (codecarbon {reading.version}, {reading.cpu_method})"
    return component(reading.cpu_kwh, method, why_not or "")


def ram_component(kwh: float | None, reading: Reading | None) -> dict:
    """Memory energy: RAPL's dram domain, else codecarbon's model of the installed memory."""
    if kwh is not None:
        return component(kwh, "measured (RAPL)")
    if reading is None:
        return component(None, NOT_MEASURABLE, "no RAPL domain for memory")
    method = f"estimated (codecarbon {reading.version}, nominal power of the installed memory)"
    return component(reading.ram_kwh, method)


def gpu_component(kwh: float | None, why_not: str | None, reading: Reading | None) -> dict:
    """GPU energy: NVML's counter, else power sampled by codecarbon, else none in use."""
    if kwh is not None:
        return component(kwh, "measured (NVML counter)")
    if reading is not None and reading.gpus > 0 and reading.gpu_kwh > 0:
        method = f"estimated (codecarbon {reading.version}, sampled power)"
        return component(reading.gpu_kwh, method, why_not or "")
    if why_not:
        return component(None, NOT_MEASURABLE, why_not)
    return component(0.0, NO_GPU)


def codecarbon_part(reading: Reading | None, why_not: str) -> dict[str, Any]:
    """codecarbon's own totals, as the challenge counts them."""
    return {
        "kwh": reading.kwh if reading else None,
        "emissions_kg": reading.emissions_kg if reading else None,
        "version": reading.version if reading else None,
        "country": reading.country if reading else None,
        "note": why_not,
    }


def overall(methods: Iterable[str]) -> str:
    """One word for a total: measured, partly measured, estimated or incomplete."""
    used = [method for method in methods if method != NO_GPU]
    if any(NOT_MEASURABLE in method for method in used):
        return "incomplete"
    measured = [method.startswith("measured") for method in used]
    return "measured" if all(measured) else "partly measured" if any(measured) else "estimated"


def combine(stage: str, pieces: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up the pieces of one stage: a training that was killed and resumed has several.

    Args:
        stage: key of `PROJECTS`.
        pieces: in order of time; the last one gives the hardware.

    Returns:
        The content of `*.energy.json`. Work that was lost in a kill and repeated counts, since
        its energy was spent.
    """
    columns = ("cpu", "gpu", "ram")
    components = {name: _add([piece["components"][name] for piece in pieces]) for name in columns}
    used = [record for record in components.values() if record["method"] != NO_GPU]
    known = [record["kwh"] for record in used if record["kwh"] is not None]
    kwh = sum(known) if known else None
    methods = [record["method"] for record in components.values()]
    codecarbon = _add_codecarbon([piece["codecarbon"] for piece in pieces])
    seen = [piece["gpu_exclusive"] for piece in pieces]
    return {
        "schema": SCHEMA,
        "stage": stage,
        "project": PROJECTS[stage],
        "kwh": kwh,
        "method": overall(methods),
        "components": components,
        "codecarbon": codecarbon,
        "emissions": _emissions(kwh, codecarbon),
        "seconds": sum(piece["seconds"] for piece in pieces),
        "cpu_seconds": sum(piece["cpu_seconds"] for piece in pieces),
        "machine_cpu_seconds": sum(piece["machine_cpu_seconds"] for piece in pieces),
        "pieces": len(pieces),
        "cpu_utilisation": _cpu_utilisation(pieces),
        "gpu_utilisation": _mean([(p.get("gpu_utilisation"), p["seconds"]) for p in pieces]),
        "phases": _phases(pieces),
        "idle_watts": pieces[-1].get("idle_watts", {"gpu": None, "cpu": None}),
        "gpu_exclusive": False if False in seen else None if None in seen else True,
        "hardware": pieces[-1]["hardware"],
        "limits": _limits(methods, pieces),
    }


def amounts(piece: dict[str, Any]) -> dict[str, float | None]:
    """Seconds, and kWh of each component and by codecarbon, that a piece has come to."""
    components = {name: record["kwh"] for name, record in piece["components"].items()}
    return {"seconds": piece["seconds"], **components, "codecarbon": piece["codecarbon"]["kwh"]}


def merged(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records of one system, stage and seed, such as the extraction from several splits, as one."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(tuple(record[key] for key in ("system", "stage", "seed")), []).append(
            record
        )
    return [found[0] if len(found) == 1 else _as_one(found) for found in groups.values()]


def _as_one(found: list[dict[str, Any]]) -> dict[str, Any]:
    labels = {str(key): found[0][key] for key in ("system", "seed", "size") if key in found[0]}
    return _summed(found, labels, same_clips=False)


def _phases(pieces: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """The phases of a stage, added up over its pieces."""
    sums: dict[str, dict[str, float | None]] = {}
    for piece in pieces:
        for name, used in piece.get("phases", {}).items():
            known = sums.setdefault(name, dict.fromkeys(used, 0.0))
            for key, value in used.items():
                before = known[key]
                known[key] = None if value is None or before is None else before + value
    return sums


def total(records: list[dict[str, Any]], **labels: Any) -> dict[str, Any]:
    """One record for several systems or seeds that are used together, such as an ensemble."""
    return _summed(records, labels, same_clips=True)


def _summed(
    records: list[dict[str, Any]], labels: dict[str, Any], *, same_clips: bool
) -> dict[str, Any]:
    """Add records up; members of an ensemble hear the same clips, each takes steps of its own."""
    work: dict[str, int] = {}
    for record in records:
        for unit, count in record.get("work", {}).items():
            again = same_clips and unit == "clips"
            work[unit] = count if again else work.get(unit, 0) + count
    pieces = sum(record["pieces"] for record in records)
    return {**labels, **combine(records[0]["stage"], records), "pieces": pieces, "work": work}


def _add(records: list[dict[str, Any]]) -> dict[str, Any]:
    known = [record["kwh"] for record in records if record["kwh"] is not None]
    methods = list(dict.fromkeys(record["method"] for record in records))
    notes = list(dict.fromkeys(record["note"] for record in records if record["note"]))
    return component(sum(known) if known else None, " + ".join(methods), "; ".join(notes))


def _mean(values: list[tuple[float | None, float]]) -> float | None:
    """Mean of the known values, weighted by their seconds."""
    known = [(value, seconds) for value, seconds in values if value is not None]
    total_seconds = sum(seconds for _, seconds in known)
    if not total_seconds:
        return None
    return sum(value * seconds for value, seconds in known) / total_seconds


def _cpu_utilisation(pieces: list[dict[str, Any]]) -> float | None:
    """Share of all cores' time that the stage itself used."""
    cores = pieces[-1]["hardware"].get("cores", 0)
    available = cores * sum(piece["seconds"] for piece in pieces)
    return sum(piece["cpu_seconds"] for piece in pieces) / available if available else None


def _add_codecarbon(records: list[dict[str, Any]]) -> dict[str, Any]:
    known = [record for record in records if record["kwh"] is not None]
    total: dict[str, Any] = dict(records[-1])
    for key in ("kwh", "emissions_kg"):
        total[key] = sum(record[key] for record in known) if known else None
    for key in ("version", "country", "note"):
        total[key] = (
            ", ".join(dict.fromkeys(record[key] for record in records if record[key])) or None
        )
    return total


def _emissions(kwh: float | None, codecarbon: dict[str, Any]) -> dict[str, Any]:
    """kg CO2e of our total, by the grid factor that codecarbon's own figures imply."""
    if kwh is None or not codecarbon["kwh"]:
        return {"kg": None, "grid_kg_per_kwh": None, "grid": "unknown"}
    factor = codecarbon["emissions_kg"] / codecarbon["kwh"]
    grid = f"{codecarbon['country']} (codecarbon {codecarbon['version']})"
    return {"kg": kwh * factor, "grid_kg_per_kwh": factor, "grid": grid}


def _limits(methods: list[str], pieces: list[dict[str, Any]]) -> list[str]:
    text = " ".join(methods)
    limits = [sentence for key, sentence in LIMITS.items() if key in text or key == "idle"]
    if any(piece["hardware"] != pieces[-1]["hardware"] for piece in pieces):
        limits.append("The runs that add up to this total used different machines.")
    return limits


def write_energy(record: dict[str, Any], energy_json: Path, tot_kwh_txt: Path) -> None:
    """Write a record and the one-number text file of the 2022 recipe.

    The text file holds codecarbon's total, as the recipe's does, and ours where codecarbon did
    not run (`nan` where nothing was measurable).
    """
    write_json(energy_json, record, decimals=DECIMALS)
    total = record["codecarbon"]["kwh"]
    total = record["kwh"] if total is None else total
    write_text(tot_kwh_txt, f"{float('nan') if total is None else total}\n")
