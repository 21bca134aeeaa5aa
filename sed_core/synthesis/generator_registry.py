"""The sound classes that can be synthesised."""

from typing import Protocol

import numpy as np

from sed_core.runtime.errors import SedError
from sed_core.synthesis import fluids, motors, struck, voices
from sed_core.synthesis.dsp import Array, Domain, Rng, fade, unit

_EDGE = 0.008  # seconds of attack and release, so that a cut event does not click


class Generator(Protocol):
    """A sound class; it draws its own parameters."""

    def __call__(self, rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
        """Answer (length,) samples of any level."""


GENERATORS: dict[str, Generator] = {
    "Alarm_bell_ringing": struck.alarm,
    "Blender": motors.blender,
    "Cat": voices.cat,
    "Dishes": struck.dishes,
    "Dog": voices.dog,
    "Electric_shaver_toothbrush": motors.shaver,
    "Frying": fluids.frying,
    "Running_water": fluids.running_water,
    "Speech": voices.speech,
    "Vacuum_cleaner": motors.vacuum_cleaner,
}


def check_classes(classes: list[str]) -> None:
    """Refuse an empty list, a repeated class or one without a generator.

    Raises:
        SedError: names the class and lists those that exist.
    """
    unknown = [name for name in classes if name not in GENERATORS]
    if unknown or not classes or len(set(classes)) < len(classes):
        problem = f"class {unknown[0]!r} has no generator" if unknown else f"classes {classes}"
        raise SedError(
            f"cannot synthesise: {problem}; expected one or more, each once, of "
            f"{', '.join(GENERATORS)}."
        )


def dry_event(rng: Rng, label: str, *, seconds: float, rate: float, domain: Domain) -> Array:
    """One event of a class without room or noise: (round(seconds * rate),) samples of unit RMS."""
    length = round(seconds * rate)
    sound = GENERATORS[label](rng, length=length, rate=rate, domain=domain)
    sound = sound - np.mean(sound)
    return unit(fade(sound, rate, attack=_EDGE, release=_EDGE))
