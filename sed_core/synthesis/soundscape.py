"""One clip: plan, render and mix its events, and measure where they sound."""

from dataclasses import dataclass

import numpy as np

from sed_core.synthesis.dsp import Array, Domain, Rng, unit
from sed_core.synthesis.generator_registry import dry_event
from sed_core.synthesis.plan import PlannedEvent
from sed_core.synthesis.rooms import Room, draw_room, record, reverberate
from sed_core.synthesis.surroundings import DISTRACTORS, background

TAIL = 0.25  # seconds of reverberation that may count to an event
_FRAME = 0.01  # seconds: resolution of labels
_FLOOR = -20.0  # dB re the event's RMS: where it begins and ends
_PEAK = 0.9  # full scale is 1; nothing clips
_DISTRACTORS_PER_CLIP: dict[Domain, float] = {"synthetic": 0.5, "real": 0.9}
_DISTRACTOR_SNR = (2.0, 14.0)
_BACKGROUND_LEVEL = (-58.0, -40.0)  # dB re full scale


@dataclass(frozen=True)
class Event:
    """A class and where it sounds, in seconds from the start of the clip (multiples of 10 ms)."""

    label: str
    onset: float
    offset: float


@dataclass(frozen=True)
class Soundscape:
    """A rendered clip.

    Attributes:
        samples: (length,) in [-1, 1], what is written.
        background: (length,) before the device and the final gain.
        stems: one (length,) per event, likewise; with rooms, without device.
        events: the exact labels, in the order of `stems`.
    """

    samples: Array
    background: Array
    stems: list[Array]
    events: list[Event]


def render(
    rng: Rng, plan: list[PlannedEvent], *, seconds: float, rate: float, domain: Domain
) -> Soundscape:
    """Render a planned clip: events and distractors over a background, through room and device."""
    length = round(seconds * rate)
    room = draw_room(rng) if domain == "real" else None
    floor = background(rng, length=length, rate=rate, domain=domain)
    floor *= 10 ** (rng.uniform(*_BACKGROUND_LEVEL) / 20)
    loudness = float(np.sqrt(np.mean(floor**2)))
    stems, events = [], []
    for item in plan:
        dry = dry_event(rng, item.label, seconds=item.seconds, rate=rate, domain=domain)
        stem = _in_clip(rng, dry, item.onset, length, rate, room)
        event = measure(stem, item, rate)
        inside = stem[round(event.onset * rate) : round(event.offset * rate)]
        level = loudness * 10 ** (item.snr / 20) / float(np.sqrt(np.mean(inside**2)))
        stems.append(stem * level)
        events.append(event)
    mixture = floor + sum(stems, np.zeros(length))
    for _ in range(rng.poisson(_DISTRACTORS_PER_CLIP[domain])):
        sound = unit(DISTRACTORS[rng.choice(list(DISTRACTORS))](rng, rate))
        onset = rng.uniform(0, max(seconds - 0.5, 0.0))
        level = loudness * 10 ** (rng.uniform(*_DISTRACTOR_SNR) / 20)
        mixture = mixture + level * _in_clip(rng, sound, onset, length, rate, room)
    if room is not None:
        mixture = record(rng, mixture, rate)
    return Soundscape(
        mixture * min(1.0, _PEAK / float(np.abs(mixture).max())), floor, stems, events
    )


def _in_clip(
    rng: Rng, dry: Array, onset: float, length: int, rate: float, room: Room | None
) -> Array:
    """A clip-long track (length,) with the sound at `onset`, in the room if there is one."""
    sound = dry if room is None else reverberate(rng, dry, room, rate)
    track = np.zeros(length)
    start = min(round(onset * rate), length)
    sound = sound[: length - start]
    track[start : start + len(sound)] = sound
    return track


def measure(stem: Array, item: PlannedEvent, rate: float) -> Event:
    """Where a stem is louder than `_FLOOR` below its RMS, in 10 ms frames.

    Only the planned span and `TAIL` after it count: `plan.GAP` is longer than the tail, so labels
    of one class never touch.
    """
    hop = round(_FRAME * rate)
    first = round(item.onset * rate) // hop
    last = min(-(-round((item.onset + item.seconds + TAIL) * rate) // hop), len(stem) // hop)
    power = np.mean(stem[first * hop : last * hop].reshape(-1, hop) ** 2, axis=1)
    planned = power[: max(1, round(item.seconds / _FRAME))]
    loud = np.flatnonzero(power > planned.mean() * 10 ** (_FLOOR / 10))
    onset, offset = first + loud[0], first + loud[-1] + 1
    return Event(item.label, round(onset * _FRAME, 2), round(offset * _FRAME, 2))
