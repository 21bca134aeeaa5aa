"""From dry sounds to a recording: rooms and devices of the real domain.

Rooms are shoeboxes by the image-source method (Allen & Berkley 1979) of pyroomacoustics. Every
sound of a clip has its own place in the clip's one room. Synthetic clips stay dry.
"""

from dataclasses import dataclass

import numpy as np
import pyroomacoustics
from scipy import signal

from sed_core.synthesis.dsp import Array, Rng, coloured, equalise

# One thread: the order of summation, and so the last bit, must not depend on the machine's cores.
pyroomacoustics.constants.set("num_threads", 1)

_ORDER = 12  # reflections followed; with the absorption drawn here the rest is below -30 dB
_LONGEST = 0.4  # seconds of response kept


@dataclass(frozen=True)
class Room:
    """A shoebox: edges in metres (3,), energy absorption of its walls, microphone place (3,)."""

    size: Array
    absorption: float
    microphone: Array


def draw_room(rng: Rng) -> Room:
    """A domestic room: bathroom to living room, furnished (reverberation of 0.15 to 0.6 s)."""
    size = np.array([rng.uniform(2.2, 7.0), rng.uniform(2.0, 5.0), rng.uniform(2.3, 2.9)])
    return Room(size, rng.uniform(0.22, 0.55), size * rng.uniform(0.2, 0.8, 3))


def response(rng: Rng, room: Room, rate: float) -> Array:
    """Impulse response from a random place at least 0.5 m from the microphone, delay removed."""
    place = room.size * rng.uniform(0.1, 0.9, 3)
    away = place - room.microphone
    distance = max(float(np.linalg.norm(away)), 1e-3)
    if distance < 0.5:
        place = np.clip(room.microphone + away * (0.5 / distance), 0.05, room.size - 0.05)
    box = pyroomacoustics.ShoeBox(
        room.size,
        fs=int(rate),
        materials=pyroomacoustics.Material(room.absorption),
        max_order=_ORDER,
    )
    box.add_source(place)
    box.add_microphone(room.microphone)
    box.compute_rir()
    rir = np.asarray(box.rir[0][0], dtype=np.float64)
    direct = int(np.argmax(np.abs(rir) > 0.3 * np.abs(rir).max()))
    return rir[max(0, direct - 8) : direct + int(_LONGEST * rate)]


def reverberate(rng: Rng, dry: Array, room: Room, rate: float) -> Array:
    """Sound of `dry` in the room, reverberation tail included (longer than `dry`)."""
    return signal.oaconvolve(dry, response(rng, room, rate))


def record(rng: Rng, mixture: Array, rate: float) -> Array:
    """A phone or camera: band limits, uneven response, soft saturation and its own noise."""
    low, high = rng.uniform(60, 250), rng.uniform(6500, 14000)
    bumps = {float(hertz): rng.uniform(-4, 4) for hertz in (400, 800, 1600, 3200, 5000)}
    shape = {low / 4: -30.0, low: -3.0, **bumps, high: -3.0, 2.5 * high: -40.0}
    out = equalise(mixture, rate, shape)
    peak = float(np.abs(out).max())
    drive = rng.uniform(0.3, 1.0)  # 1: peaks are squashed by 2.4 dB
    out = np.tanh(out / peak * drive) * (peak / np.tanh(drive)) if peak > 0 else out
    noise = coloured(rng, len(out), rate, {100: -3, 1000: 0, 8000: 2})
    loudness = float(np.sqrt(np.mean(out**2)))
    return out + noise * loudness * 10 ** (rng.uniform(-60, -42) / 20)
