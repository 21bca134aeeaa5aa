"""Crackle and bubbles: frying and running water.

Frying is a shot-noise process: drops of water burst in hot oil, each a click of about a
millisecond with most energy above 2 kHz, over the hiss of fine bubbles. Running water is a crowd
of air bubbles, each ringing at the Minnaert frequency f = 3.26 / r (Hz, radius r in metres:
1 mm sounds at 3.3 kHz), with a quality factor of about 15 to 40 (Minnaert 1933; van den Doel 2005,
Physically based models for liquid sounds).
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
    resonator,
    unit,
)

MINNAERT = 3.26  # m/s: frequency times radius of an air bubble in water at 1 atm

FRYING: dict[Domain, Ranges] = {
    "synthetic": {
        "rate": (150, 600),
        "pitch": (3200, 5500),
        "hiss": (0.25, 0.6),
        "spread": (0.6, 1.0),
    },
    "real": {"rate": (100, 900), "pitch": (2600, 4800), "hiss": (0.3, 0.9), "spread": (0.6, 1.1)},
}
WATER: dict[Domain, Ranges] = {
    "synthetic": {
        "rate": (150, 400),
        "radius": (0.0020, 0.0035),
        "flow": (0.15, 0.4),
        "body": (300, 700),
    },
    "real": {
        "rate": (120, 600),
        "radius": (0.0016, 0.0032),
        "flow": (0.2, 0.6),
        "body": (350, 1000),
    },
}
_SIZES = 28  # bubble sizes kept apart; each is one resonator


def _shots(rng: Rng, length: int, rate: float, per_second: Array, spread: float) -> Array:
    """Poisson impulses (length,) with log-normal strength (`spread` in nepers) and random sign.

    `per_second` is the mean rate at evenly spread moments; between two moments it is constant.
    """
    expected = per_second * (length / rate / len(per_second))
    counts = rng.poisson(expected)
    moments = np.repeat(np.arange(len(counts)), counts) + rng.random(counts.sum())
    strength = np.exp(rng.normal(0, spread, len(moments))) * rng.choice([-1.0, 1.0], len(moments))
    out = np.zeros(length)
    np.add.at(out, (moments * (length / len(counts))).astype(int), strength)
    return out


def frying(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Dense broadband clicks above 2 kHz, now more and now less, over hiss."""
    p = draw(rng, FRYING[domain])
    heat = curve(rng, length, rate, hertz=1.5, low=0.5, high=1.5)
    boiling = p.rate / 4 * heat[:: round(rate / 100)]
    out = np.zeros(length)
    for ratio in (0.75, 1.0, 1.35, 1.8):
        clicks = _shots(rng, length, rate, boiling, p.spread)
        frequency = p.pitch * ratio * rng.uniform(0.9, 1.1)
        out += resonator(clicks, rate, frequency=frequency, decay=rng.uniform(0.0003, 0.0008))
    hiss = coloured(rng, length, rate, {300: -38, 1500: -16, 4000: -2, 7000: 0, 16000: -6})
    return unit(out) + p.hiss * hiss * (0.4 + 0.4 * heat)


def running_water(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Minnaert bubbles of many sizes over the low-mid roar of the jet."""
    p = draw(rng, WATER[domain])
    radii = p.radius * np.geomspace(0.45, 2.6, _SIZES) * rng.uniform(0.93, 1.07, _SIZES)
    crowd = np.exp(-0.5 * (np.log(radii / p.radius) / 0.55) ** 2)
    out = np.zeros(length)
    ticks = max(1, round(100 * length / rate))
    for radius, share in zip(radii, crowd / crowd.sum(), strict=True):
        frequency = MINNAERT / radius
        burble = p.rate * share * curve(rng, ticks, 100, hertz=6, low=0.2, high=1.8)
        shots = _shots(rng, length, rate, burble, 0.7) * radius / p.radius
        decay = rng.uniform(15, 40) / (np.pi * frequency)  # Q = pi f decay
        out += resonator(shots, rate, frequency=frequency, decay=decay)
    jet = coloured(
        rng, length, rate, {60: -22, p.body: 0, 2.5 * p.body: -3, 3500: -16, 7000: -30, 2e4: -50}
    )
    return unit(out) + p.flow * jet * curve(rng, length, rate, hertz=3, low=0.7, high=1.0)
