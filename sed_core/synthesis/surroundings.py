"""What is heard but not labelled: backgrounds and non-target sounds."""

from collections.abc import Callable

import numpy as np

from sed_core.synthesis.dsp import (
    Array,
    Domain,
    Ranges,
    Rng,
    add_at,
    coloured,
    curve,
    draw,
    fade,
    oscillator,
    phase,
    resonator,
    unit,
)

BACKGROUND: dict[Domain, Ranges] = {
    "synthetic": {
        "slope": (3.0, 5.0),
        "corner": (80, 200),
        "hum": (0.001, 0.05),
        "sway": (0.05, 0.2),
    },
    "real": {"slope": (2.0, 6.0), "corner": (60, 300), "hum": (0.02, 0.5), "sway": (0.1, 0.5)},
}


def background(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Room tone of unit RMS: falling noise that sways slowly, and mains hum."""
    p = draw(rng, BACKGROUND[domain])
    octaves = np.log2(2e4 / p.corner)
    air = coloured(rng, length, rate, {20: -12, p.corner: 0, 2e4: -p.slope * octaves})
    air *= curve(rng, length, rate, hertz=0.5, low=1 - p.sway, high=1 + p.sway)
    mains = np.full(length, rng.choice([50.0, 60.0]))
    hum = oscillator(rng, phase(mains, rate), rng.uniform(0, 1, 8) / np.arange(1, 9))
    return unit(air + p.hum * unit(hum))


def footsteps(rng: Rng, rate: float) -> Array:
    """Two to six low thuds with a scuff, about two a second."""
    pace = rng.uniform(0.4, 0.7)
    steps = int(rng.integers(2, 7))
    out = np.zeros(int((steps * pace + 0.3) * rate))
    for step in range(steps):
        thud = _thud(rng, rate, rng.uniform(60, 130), 0.03)
        add_at(out, rng.uniform(0.6, 1) * thud, int(step * pace * rng.uniform(0.95, 1.05) * rate))
    return out


def door(rng: Rng, rate: float) -> Array:
    """One heavy thud with a lighter latch before it."""
    out = np.zeros(int(0.6 * rate))
    add_at(out, 0.2 * _thud(rng, rate, rng.uniform(400, 700), 0.01), 0)
    add_at(out, _thud(rng, rate, rng.uniform(50, 110), 0.08), int(rng.uniform(0.05, 0.15) * rate))
    return out


def _thud(rng: Rng, rate: float, frequency: float, decay: float) -> Array:
    blow = np.zeros(int(0.4 * rate))
    size = int(0.005 * rate)
    blow[:size] = rng.standard_normal(size)
    return unit(resonator(blow, rate, frequency=frequency, decay=decay))


def keyboard(rng: Rng, rate: float) -> Array:
    """Typing: 5 to 15 dull clicks of a few milliseconds."""
    out = np.zeros(int(rng.uniform(1, 2.5) * rate))
    for start in rng.uniform(0, len(out) - 0.05 * rate, rng.integers(5, 16)):
        click = coloured(rng, int(0.012 * rate), rate, {200: -6, 1200: 0, 4000: -14, 1e4: -30})
        add_at(
            out, rng.uniform(0.4, 1) * fade(click, rate, attack=0.001, release=0.008), int(start)
        )
    return out


def passing_car(rng: Rng, rate: float) -> Array:
    """Low noise that swells and dies away within two to five seconds."""
    length = int(rng.uniform(2, 5) * rate)
    noise = coloured(rng, length, rate, {30: -6, 120: 0, 600: -8, 2000: -24, 1e4: -50})
    return noise * np.hanning(length) ** 2


def music(rng: Rng, rate: float) -> Array:
    """A few plucked notes of a pentatonic scale from a distant radio."""
    root = rng.uniform(130, 260)
    notes = int(rng.integers(3, 8))
    out = np.zeros(int((notes * 0.35 + 0.6) * rate))
    time = np.arange(int(0.6 * rate)) / rate
    for index in range(notes):
        pitch = root * 2 ** (rng.choice([0, 2, 4, 7, 9, 12]) / 12)
        tone = oscillator(rng, pitch * time, np.array([1.0, 0.5, 0.2, 0.1]))
        add_at(
            out,
            fade(tone * np.exp(-6 * time), rate, attack=0.005, release=0.05),
            int(index * 0.35 * rate),
        )
    return out


DISTRACTORS: dict[str, Callable[[Rng, float], Array]] = {
    "door": door,
    "footsteps": footsteps,
    "keyboard": keyboard,
    "music": music,
    "passing_car": passing_car,
}
