"""Voices: a glottal source through moving formants (speech, bark, meow).

Source-filter model (Fant 1960): glottal pulses are harmonics falling by about 12 dB an octave,
of which radiation from the mouth gives 6 back, plus aspiration noise; the vocal tract adds
resonances whose frequencies scale inversely with its length. Human vowels follow the classic
measured formants (Peterson & Barney 1952).
"""

from types import SimpleNamespace

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
    formants,
    oscillator,
    phase,
    unit,
)

# First three formants (Hz) of adult male vowels.
VOWELS = np.array(
    [(730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240)],
    dtype=float,
)
SPEECH: dict[Domain, Ranges] = {
    "synthetic": {
        "pitch": (95, 215),
        "tract": (0.95, 1.18),
        "tempo": (3.5, 5.0),
        "breath": (0.02, 0.06),
    },
    "real": {
        "pitch": (110, 250),
        "tract": (0.95, 1.25),
        "tempo": (3.8, 6.0),
        "breath": (0.03, 0.12),
    },
}
DOG: dict[Domain, Ranges] = {
    "synthetic": {
        "pitch": (280, 480),
        "throat": (750, 1100),
        "bark": (0.16, 0.3),
        "harsh": (0.25, 0.6),
    },
    "real": {"pitch": (240, 600), "throat": (650, 1300), "bark": (0.12, 0.28), "harsh": (0.4, 1.0)},
}
CAT: dict[Domain, Ranges] = {
    "synthetic": {
        "pitch": (480, 750),
        "mouth": (1000, 1400),
        "bend": (1.25, 1.6),
        "breath": (0.03, 0.1),
    },
    "real": {
        "pitch": (420, 850),
        "mouth": (1050, 1700),
        "bend": (1.15, 1.7),
        "breath": (0.05, 0.2),
    },
}


def glottis(rng: Rng, pitch: Array, rate: float, *, tilt: float, breath: float) -> Array:
    """Glottal source (length,): harmonics falling by `tilt` dB an octave, and aspiration noise."""
    jitter = 1 + 0.01 * curve(rng, len(pitch), rate, hertz=30, low=-1, high=1)
    count = max(1, int(0.45 * rate / (pitch.max() * 1.02)))
    amplitudes = np.power(np.arange(1.0, min(count, 120) + 1), -tilt / 6.02)
    pulses = unit(oscillator(rng, phase(pitch * jitter, rate), amplitudes))
    return pulses + breath * coloured(rng, len(pitch), rate, {200: -20, 1500: 0, 1e4: -3})


def speech(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Syllables with vowels, glides and fricatives under a falling pitch with accents."""
    p = draw(rng, SPEECH[domain])
    count = max(2, round(length / rate * p.tempo))
    edges = np.linspace(0, length, count + 1)
    edges[1:-1] += rng.uniform(-0.2, 0.2, count - 1) * length / count
    middles = (edges[:-1] + edges[1:]) / 2
    time = np.arange(length)
    accent = np.interp(time, middles, rng.uniform(0.85, 1.25, count))
    pitch = p.pitch * accent * np.linspace(1.12, 0.85, length)
    source = glottis(rng, pitch, rate, tilt=6, breath=p.breath)
    vowels = VOWELS[rng.integers(len(VOWELS), size=count)] * p.tract
    vowels = np.column_stack([vowels, np.full(count, 3500 * p.tract)])
    grid = np.linspace(0, length, max(8, 8 * count))
    tracks = np.array([np.interp(grid, middles, track) for track in vowels.T])
    voiced = unit(formants(source, rate, tracks, np.array([70.0, 100, 140, 220])))
    openness = (
        0.08 + 0.92 * np.abs(np.sin(np.pi * np.interp(time, edges, np.arange(count + 1)))) ** 0.8
    )
    out = voiced * openness * np.interp(time, middles, rng.uniform(0.6, 1.0, count))
    for edge in edges[:-1]:
        if rng.random() < 0.55:
            add_at(out, rng.uniform(0.15, 0.5) * _fricative(rng, rate), int(edge))
    return out


def _fricative(rng: Rng, rate: float) -> Array:
    """An s, sh or f of 60 to 120 ms: noise with one broad peak."""
    peak = rng.uniform(2500, 6500)
    size = int(rng.uniform(0.06, 0.12) * rate)
    noise = coloured(rng, size, rate, {peak / 4: -40, peak / 1.5: -8, peak: 0, peak * 2: -10})
    return fade(noise, rate, attack=0.02, release=0.03)


def dog(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """Barks: short, harsh, loud bursts with a rising and falling pitch, close upon each other."""
    p = draw(rng, DOG[domain])
    count = max(1, round(length / rate / (p.bark * rng.uniform(1.3, 1.9))))
    period = length / count
    out = np.zeros(length)
    for index in range(count):
        last = index == count - 1
        size = int(period) if last else int(min(period, p.bark * rng.uniform(0.85, 1.15) * rate))
        start = length - size if last else int(index * period)
        add_at(out, rng.uniform(0.7, 1.0) * _bark(rng, size, rate, p), start)
    return out


def _bark(rng: Rng, size: int, rate: float, p: SimpleNamespace) -> Array:
    time = np.linspace(0, 1, size)
    pitch = p.pitch * (0.75 + 0.55 * np.sin(np.pi * time**0.6)) * rng.uniform(0.93, 1.07)
    source = glottis(rng, pitch, rate, tilt=6, breath=p.harsh)
    opening = np.array([[0.7, 1.15, 1.0, 0.75], [1.5, 1.9, 1.7, 1.5], [2.7, 3.0, 2.9, 2.7]])
    voice = formants(source, rate, p.throat * opening, np.array([160.0, 240, 400]))
    swell = np.minimum(time / 0.08, 1.0) * np.exp(-2.2 * time)
    return fade(unit(voice) * swell, rate, attack=0.004, release=0.02)


def cat(rng: Rng, *, length: int, rate: float, domain: Domain) -> Array:
    """One meow: a long tonal arch of pitch while the mouth opens and closes (mi-a-ow)."""
    p = draw(rng, CAT[domain])
    time = np.linspace(0, 1, length)
    peak = rng.uniform(0.3, 0.55)
    arch = np.interp(time, [0, peak, 1], [0, np.pi / 2, np.pi])
    vibrato = 1 + 0.015 * np.sin(2 * np.pi * rng.uniform(5, 8) * time * length / rate)
    pitch = p.pitch * p.bend ** (np.sin(arch) - 0.6) * vibrato
    source = glottis(rng, pitch, rate, tilt=7, breath=p.breath)
    opening = np.array(
        [[0.5, 0.9, 1.1, 0.9, 0.55], [1.9, 1.8, 1.6, 1.3, 0.95], [2.9, 3.0, 2.9, 2.7, 2.6]]
    )
    voice = unit(formants(source, rate, p.mouth * opening, np.array([130.0, 180, 300])))
    return voice * (0.25 + 0.75 * np.sin(arch) ** 0.7)
