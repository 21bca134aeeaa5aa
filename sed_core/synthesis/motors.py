"""Motors and what they drive: blender, vacuum cleaner, shaver and toothbrush.

A motor's sound is a harmonic series on the shaft (or blade-pass) frequency plus turbulence.
What sets the three apart: the blender's speed glides and sags under load, the vacuum cleaner is
steady and mostly air noise, the shaver has a thin, high-passed buzz without a bass.
"""

import numpy as np

from sed_core.synthesis.dsp import (
    Array,
    Domain,
    Ranges,
    Rng,
    coloured,
    curve,
    draw,
    oscillator,
    phase,
    resonator,
    unit,
)

BLENDER: dict[Domain, Ranges] = {
    "synthetic": {"shaft": (230, 380), "sag": (0.06, 0.18), "chop": (4, 9), "noise": (0.25, 0.5)},
    "real": {"shaft": (190, 330), "sag": (0.05, 0.22), "chop": (3, 8), "noise": (0.3, 0.8)},
}
VACUUM: dict[Domain, Ranges] = {
    "synthetic": {"shaft": (90, 150), "duct": (350, 800), "tone": (0.25, 0.6), "tilt": (2.5, 4.5)},
    "real": {"shaft": (100, 190), "duct": (450, 1100), "tone": (0.15, 0.5), "tilt": (3.0, 6.0)},
}
SHAVER: dict[Domain, Ranges] = {
    "synthetic": {
        "buzz": (110, 220),
        "body": (1600, 3300),
        "stroke": (1.5, 4),
        "depth": (0.3, 0.6),
    },
    "real": {"buzz": (95, 250), "body": (1800, 3700), "stroke": (1, 5), "depth": (0.2, 0.6)},
}


def _series(rng: Rng, pitch: float, rate: float, *, tilt: float, limit: float) -> Array:
    """Amplitudes of harmonics below `limit` Hz: -`tilt` dB an octave, 4 dB scatter."""
    count = max(1, int(min(limit, 0.45 * rate) / pitch))
    order = np.arange(1, count + 1)
    return 10 ** ((-tilt * np.log2(order) + rng.normal(0, 4, count)) / 20)


def _spin(length: int, rate: float, seconds: float) -> Array:
    """Run-up and run-down of the speed (length,), 0 to 1, exponential with the given time scale."""
    time = np.arange(length) / rate
    return (1 - np.exp(-(time + 0.3 * seconds) / seconds)) * (
        1 - np.exp(-(time[::-1] + 0.3 * seconds) / seconds)
    )


def blender(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Universal motor with strong gliding harmonics, load modulation and chopped noise."""
    p = draw(rng, BLENDER[domain])
    load = curve(rng, length, rate, hertz=p.chop, low=0, high=1)
    stage = curve(rng, length, rate, hertz=0.6, low=0.75, high=1.25)  # pulses, speed steps
    speed = p.shaft * stage * (1 - p.sag * load) * _spin(length, rate, 0.12)
    amplitudes = _series(rng, speed.max(), rate, tilt=3.0, limit=7000)
    amplitudes[3::4] *= 2.0  # four blades: every fourth harmonic carries the blade pass
    tone = unit(oscillator(rng, phase(speed, rate), amplitudes))
    air = coloured(rng, length, rate, {100: -18, 500: -6, 1500: 0, 4000: -4, 10000: -16})
    return tone * (0.6 + 0.4 * load) + p.noise * air * (0.25 + 0.75 * load)


def vacuum_cleaner(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Steady low harmonics under broad air noise with a duct resonance."""
    p = draw(rng, VACUUM[domain])
    speed = p.shaft * curve(rng, length, rate, hertz=0.4, low=0.985, high=1.015)
    speed *= 0.6 + 0.4 * _spin(length, rate, 0.15)
    tone = unit(
        oscillator(rng, phase(speed, rate), _series(rng, p.shaft, rate, tilt=7, limit=2500))
    )
    low, high = p.duct / 2.5, p.duct * 2.5
    air = coloured(
        rng,
        length,
        rate,
        {50: -14, low: -5, p.duct: 0, high: -4, 8000: -4 - p.tilt * np.log2(8000 / high), 2e4: -35},
    )
    intake = curve(rng, length, rate, hertz=0.7, low=0.8, high=1.0)
    return (p.tone * tone + air) * intake * _spin(length, rate, 0.1)


def shaver(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Thin buzz: harmonics of 100-250 Hz through a small body, rubbed to and fro over skin."""
    p = draw(rng, SHAVER[domain])
    rub = curve(rng, length, rate, hertz=2 * p.stroke, low=1 - p.depth, high=1.0)
    speed = p.buzz * curve(rng, length, rate, hertz=p.stroke, low=0.985, high=1.01)
    pulses = oscillator(rng, phase(speed, rate), _series(rng, p.buzz, rate, tilt=0, limit=7600))
    body = np.zeros(length)
    for ratio in (1.0, rng.uniform(1.5, 1.9), rng.uniform(2.2, 2.7)):
        body += resonator(pulses, rate, frequency=p.body * ratio, decay=0.0009)
    motor = oscillator(rng, phase(speed, rate), _series(rng, p.buzz, rate, tilt=9, limit=900))
    hiss = coloured(rng, length, rate, {500: -40, 3000: -6, 6000: 0, 12000: -12})
    return unit(body) * rub + 0.12 * unit(motor) + 0.08 * hiss * rub
