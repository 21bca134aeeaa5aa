"""Signal building blocks: control curves, coloured noise, oscillators, resonators, formants."""

from types import SimpleNamespace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

Array = NDArray[np.float64]
Rng = np.random.Generator
Domain = Literal["synthetic", "real"]
Ranges = dict[str, tuple[float, float]]

_TABLE = 2**16  # points of one oscillator period: reading the nearest errs below -75 dB
_FRAME = 1024  # STFT frame of the formant filter: short enough to follow a syllable


def draw(rng: Rng, ranges: Ranges) -> SimpleNamespace:
    """Draw a value per (low, high) range: log-uniform if both are positive, else uniform."""
    values = {}
    for name, (low, high) in ranges.items():
        u = rng.random()
        values[name] = low * (high / low) ** u if low > 0 else low + (high - low) * u
    return SimpleNamespace(**values)


def curve(rng: Rng, length: int, rate: float, *, hertz: float, low: float, high: float) -> Array:
    """Random control curve (length,): uniform knots `hertz` times a second, joined by cosines."""
    period = max(1, round(rate / hertz))
    knots = rng.uniform(low, high, length // period + 2)
    blend = 0.5 - 0.5 * np.cos(np.pi * np.arange(period) / period)
    steps = knots[:-1, None] + np.diff(knots)[:, None] * blend
    return steps.ravel()[:length]


def gain(frequency: Array, points: dict[float, float]) -> Array:
    """Amplitude gain at `frequency` (Hz) from {Hz: dB} points, linear over log frequency."""
    hertz = np.array(sorted(points))
    decibel = np.array([points[key] for key in sorted(points)])
    return 10 ** (np.interp(np.log(np.maximum(frequency, 1.0)), np.log(hertz), decibel) / 20)


def coloured(rng: Rng, length: int, rate: float, points: dict[float, float]) -> Array:
    """Gaussian noise (length,) of unit RMS whose amplitude spectrum follows {Hz: dB} points."""
    size = fft.next_fast_len(length, real=True)
    bins = size // 2 + 1
    spectrum = rng.standard_normal(bins) + 1j * rng.standard_normal(bins)
    spectrum *= gain(np.arange(bins) * (rate / size), points)
    spectrum[0] = 0.0
    return unit(fft.irfft(spectrum, size)[:length])


def equalise(x: Array, rate: float, points: dict[float, float]) -> Array:
    """Filter `x` (zero phase) by the gain of {Hz: dB} points."""
    size = fft.next_fast_len(len(x) + int(0.02 * rate), real=True)
    spectrum = fft.rfft(x, size)
    spectrum *= gain(np.arange(len(spectrum)) * (rate / size), points)
    return fft.irfft(spectrum, size)[: len(x)]


def unit(x: Array) -> Array:
    """Scale to unit RMS (silence stays silence)."""
    return x / max(float(np.sqrt(np.mean(x**2))), 1e-12)


def phase(frequency: Array, rate: float, start: float = 0.0) -> Array:
    """Running phase in cycles (length,) of a frequency curve in Hz."""
    return start + np.cumsum(frequency) / rate


def oscillator(rng: Rng, cycles: Array, amplitudes: Array) -> Array:
    """Sum of harmonics (random phases) read from a one-period table.

    Args:
        rng: draws the harmonics' phases.
        cycles: running phase in cycles (length,).
        amplitudes: harmonic k's amplitude at index k-1; the caller keeps k * f0 below Nyquist.
    """
    spectrum = np.zeros(_TABLE // 2 + 1, complex)
    turns = rng.random(len(amplitudes))
    spectrum[1 : len(amplitudes) + 1] = amplitudes * np.exp(2j * np.pi * turns)
    table = fft.irfft(spectrum, _TABLE) * (_TABLE / 2)
    return table[(cycles * _TABLE).astype(np.int64) & (_TABLE - 1)]


def resonator(x: Array, rate: float, *, frequency: float, decay: float) -> Array:
    """Two-pole resonator: each unit impulse rings as exp(-t/decay) sin(2 pi f t).

    Args:
        x: excitation (length,).
        rate: sample rate in Hz.
        frequency: in Hz; at or above 0.48 `rate` the answer is silence.
        decay: time constant in seconds.
    """
    if frequency >= 0.48 * rate:
        return np.zeros_like(x)
    angle = 2 * np.pi * frequency / rate
    radius = np.exp(-1 / (decay * rate))
    b = [0.0, radius * np.sin(angle)]
    return signal.lfilter(b, [1.0, -2 * radius * np.cos(angle), radius**2], x)


def formants(x: Array, rate: float, tracks: Array, bandwidths: Array) -> Array:
    """Filter by moving formants, frame by frame (STFT of 1024 samples, hop 256).

    Args:
        x: source (length,).
        rate: sample rate in Hz.
        tracks: centre frequencies in Hz (formants, points), spread evenly over the signal.
        bandwidths: in Hz (formants,).

    Each formant adds a resonance 1 / (1 + j 2 (f - F) / B); higher ones are 3 dB weaker each.
    """
    short = signal.ShortTimeFFT(signal.windows.hann(_FRAME, sym=False), _FRAME // 4, rate)
    padded = np.pad(x, (0, max(0, _FRAME - len(x))))
    spectrum = short.stft(padded)
    moments = np.linspace(0, tracks.shape[1] - 1, spectrum.shape[1])
    points = np.arange(tracks.shape[1])
    response = np.zeros(spectrum.shape)
    for index, (track, bandwidth) in enumerate(zip(tracks, bandwidths, strict=True)):
        centre = np.interp(moments, points, track)
        offset = 2 * (short.f[:, None] - centre) / bandwidth
        response += 10 ** (-3 * index / 20) / np.sqrt(1 + offset**2)
    return short.istft(spectrum * response, k1=len(padded))[: len(x)]


def fade(x: Array, rate: float, *, attack: float, release: float) -> Array:
    """Raised-cosine edges of `attack` and `release` seconds (at most half the signal each)."""
    out = x.copy()
    for seconds, edge in ((attack, out), (release, out[::-1])):
        size = min(int(seconds * rate), len(x) // 2)
        edge[:size] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(size) / max(size, 1))
    return out


def add_at(out: Array, grain: Array, start: int) -> None:
    """Add `grain` to `out` in place from sample `start`, cut at the end of `out`."""
    stop = min(start + len(grain), len(out))
    out[start:stop] += grain[: max(stop - start, 0)]
