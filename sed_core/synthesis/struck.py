"""Struck objects: vibration modes that ring and die away (alarm bells, dishes).

A struck object answers with damped sinusoids at inharmonic mode frequencies; hardness of the
blow sets how many modes wake, damping rises with frequency (Fletcher & Rossing, The Physics of
Musical Instruments, ch. 2-3 and 21). Electronic alarms are tones keyed on and off.
"""

import numpy as np

from sed_core.synthesis.dsp import (
    Array,
    Domain,
    Ranges,
    Rng,
    add_at,
    coloured,
    draw,
    oscillator,
    phase,
    resonator,
)

# Church-bell partials (hum, prime, tierce, quint, nominal, ...) over the nominal's octave below.
BELL_RATIOS = (0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.17)

ALARM: dict[Domain, Ranges] = {
    "synthetic": {"tone": (1000, 2800), "strikes": (9, 18), "ring": (0.12, 0.4), "keying": (3, 7)},
    "real": {"tone": (1100, 3200), "strikes": (10, 24), "ring": (0.08, 0.3), "keying": (4, 9)},
}
DISHES: dict[Domain, Ranges] = {
    "synthetic": {"lowest": (900, 2200), "ring": (0.04, 0.12), "pause": (0.10, 0.24)},
    "real": {"lowest": (800, 2000), "ring": (0.03, 0.1), "pause": (0.07, 0.2)},
}


def alarm(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """A hammered bell, a keyed beeper or a two-tone siren, whole event long."""
    p = draw(rng, ALARM[domain])
    kind = rng.choice(["bell", "beeper", "siren"], p=[0.4, 0.35, 0.25])
    if kind == "bell":
        return _bell(rng, length, rate, p.tone * 0.7, p.strikes, p.ring)
    if kind == "beeper":
        duty, edge = rng.uniform(0.6, 0.8), 0.004 * p.keying
        beat = (np.arange(length) / rate * p.keying) % 1.0
        keyed = np.clip(np.minimum(beat, duty - beat) / edge, 0.0, 1.0)
        keyed[-int(min(0.05 * rate, length)) :] = 1.0  # the last beep ends where the label ends
        return _square(rng, np.full(length, p.tone), rate) * keyed
    beat = np.sin(2 * np.pi * np.arange(length) / rate * p.keying / 3)
    sharpness = rng.uniform(1, 8)  # from a wail to two separate tones
    frequency = p.tone * 0.8 * rng.uniform(1.1, 1.35) ** np.tanh(sharpness * beat)
    return _square(rng, frequency, rate)


def _bell(rng: Rng, length: int, rate: float, pitch: float, strikes: float, ring: float) -> Array:
    hammer = np.zeros(length)
    beats = np.arange(0, length, rate / strikes)
    blows = beats + rng.normal(0, 0.002 * rate, len(beats))
    hammer[np.clip(blows.astype(int), 0, length - 1)] = rng.uniform(0.6, 1.0, len(blows))
    out = np.zeros(length)
    for ratio in BELL_RATIOS:
        frequency = pitch * ratio * rng.uniform(0.985, 1.015)
        loudness = rng.uniform(0.3, 1.0) * np.exp(-0.12 * ratio)
        decay = ring * (2.0 / (1.0 + ratio)) ** 0.7
        out += loudness * resonator(hammer, rate, frequency=frequency, decay=decay)
    return out


def _square(rng: Rng, frequency: Array, rate: float) -> Array:
    """Piezo-like tone: odd harmonics below Nyquist with random strength."""
    order = np.arange(1, max(2, int(0.45 * rate / frequency.max())) + 1)
    amplitudes = np.where(order % 2 == 1, 1.0, 0.2) * rng.uniform(0.2, 1.0, len(order)) / order
    amplitudes[0] = 1.0
    amplitudes[order * frequency.max() > 0.48 * rate] = 0.0
    return oscillator(rng, phase(frequency, rate), amplitudes)


def dishes(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Clatter: blows on two to four plates, cups and pieces of cutlery, close upon each other."""
    p = draw(rng, DISHES[domain])
    objects = [
        _modes(rng, p.lowest * rng.uniform(0.8, 1.8), p.ring) for _ in range(rng.integers(2, 5))
    ]
    out = np.zeros(length)
    start = 0.0
    while start < length - 0.06 * rate:
        strength = rng.uniform(0.45, 1.0)
        add_at(out, strength * _blow(rng, objects[rng.integers(len(objects))], rate), int(start))
        start += p.pause * rng.uniform(0.4, 1.5) * rate
    return out


def _modes(rng: Rng, lowest: float, ring: float) -> tuple[Array, Array]:
    """Mode frequencies (Hz) and decay times (s) of one dish; higher modes die sooner."""
    ratios = np.cumsum(np.append(1.0, rng.uniform(0.35, 1.1, 9)))
    return lowest * ratios, ring * rng.uniform(0.6, 1.4, 10) / np.sqrt(ratios)


def _blow(rng: Rng, modes: tuple[Array, Array], rate: float) -> Array:
    """One contact: modes of random strength after a 2 ms click, 0.35 s at most."""
    frequencies, decays = modes
    time = np.arange(int(0.35 * rate)) / rate
    strength = rng.uniform(0.2, 1.0, len(frequencies)) * (frequencies < 0.48 * rate)
    waves = np.sin(
        2 * np.pi * frequencies[:, None] * time + rng.uniform(0, 6.3, (len(frequencies), 1))
    )
    out = (strength[:, None] * waves * np.exp(-time / decays[:, None])).sum(0)
    size = int(0.004 * rate)
    out[:size] += (
        1.5 * coloured(rng, size, rate, {500: -12, 3000: 0, 8000: 0}) * np.linspace(1, 0, size)
    )
    return out
