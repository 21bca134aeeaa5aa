"""Parameters of the polyphonic sound detection score: those of 2022, or your own from a file."""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Parameters of a PSDS; rates are per hour. See `intersection_statistics` for the criteria."""

    dtc: float
    gtc: float
    cttc: float | None
    alpha_ct: float
    alpha_st: float
    max_efpr: float


SCENARIOS = {
    "psds1": Scenario(dtc=0.7, gtc=0.7, cttc=None, alpha_ct=0.0, alpha_st=1.0, max_efpr=100.0),
    "psds2": Scenario(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5, alpha_st=1.0, max_efpr=100.0),
}


def read_scenarios(path: str | Path) -> dict[str, Scenario]:
    """Read PSDS parameters: {name: {dtc, gtc, cttc, alpha_ct, alpha_st, max_efpr}}.

    Raises:
        SedError: not such a file, or a parameter that makes no sense.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise SedError(
            f"{path} holds no scenarios; expected {{name: {{{', '.join(_PARAMETERS)}}}}}."
        )
    return {str(name): _scenario(f"{path}, {name}", values) for name, values in content.items()}


_PARAMETERS = [parameter.name for parameter in fields(Scenario)]


def _scenario(source: str, values: Any) -> Scenario:
    """A scenario from what a JSON file says of it."""
    if not isinstance(values, dict) or set(values) != set(_PARAMETERS):
        raise SedError(f"{source}: expected exactly the parameters {', '.join(_PARAMETERS)}.")
    crossing = values["alpha_ct"] != 0
    for name, value in values.items():
        if name == "cttc" and value is None and not crossing:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            raise SedError(
                f"{source}: {name} is {value!r}; expected a number that is not negative."
            )
    scenario = Scenario(**values)
    tolerances = [scenario.dtc, scenario.gtc] + ([scenario.cttc] if crossing else [])
    if any(share is None or not 0 < share <= 1 for share in tolerances) or scenario.max_efpr <= 0:
        raise SedError(
            f"{source}: dtc, gtc and (with alpha_ct above 0) cttc must lie in (0, 1], and max_efpr "
            "must be above 0."
        )
    return scenario
