"""What happens when in a clip: classes, counts, times and levels of its events.

Numbers marked DESED come from the public DESED validation annotations (validation.tsv, 1,168
clips, 4,224 events; Turpault, Serizel, Salamon, Shah). Two deliberate departures make a small
training set learnable: class frequencies are nearly flat (in DESED 54 % of clips have speech and
5 % a shaver), and short events last longer (DESED's median dish clink is 0.39 s, shorter than the
baseline's median filter) with clear gaps and fewer repetitions.
"""

from dataclasses import dataclass

import numpy as np

from sed_core.synthesis.dsp import Domain, Rng

# Clips of DESED validation with 1, 2, 3 classes: 597, 482, 72 (and 2 with 4).
CLASSES_PER_CLIP = (0.52, 0.42, 0.06)
# Clips of DESED validation without any event: 15 of 1,168; here 1 in 21, so that 60 have some.
EMPTY_SPLITS = ("devtest", "eval", "unlabelled")
# Clips of DESED validation below 9.984 s: 102 of 1,168.
SHORT_CLIPS = 0.06
# Clips of DESED validation that hold both classes (of pairs seen at least five times).
TOGETHER: dict[tuple[str, str], int] = {
    ("Alarm_bell_ringing", "Dog"): 6,
    ("Alarm_bell_ringing", "Running_water"): 5,
    ("Alarm_bell_ringing", "Speech"): 89,
    ("Blender", "Dishes"): 14,
    ("Blender", "Speech"): 55,
    ("Cat", "Speech"): 31,
    ("Dishes", "Frying"): 59,
    ("Dishes", "Running_water"): 15,
    ("Dishes", "Speech"): 125,
    ("Dog", "Speech"): 57,
    ("Electric_shaver_toothbrush", "Speech"): 39,
    ("Frying", "Speech"): 68,
    ("Running_water", "Speech"): 92,
    ("Speech", "Vacuum_cleaner"): 31,
}


@dataclass(frozen=True)
class Timing:
    """How long events of a class last, in seconds, and how many a clip has.

    Attributes:
        median: of the log-normal duration.
        sigma: its spread in nepers.
        low: shortest.
        high: longest.
        whole: share of events that fill the clip.
        most: largest number of events in a clip.
    """

    median: float
    sigma: float
    low: float
    high: float
    whole: float = 0.0
    most: int = 1


# DESED medians: 1.03, 4.70, 0.85, 0.39, 0.77, 9.90, 10.0, 4.85, 1.15, 10.0 s in this order.
TIMING: dict[str, Timing] = {
    "Alarm_bell_ringing": Timing(1.6, 0.5, 0.6, 5.0, most=3),
    "Blender": Timing(4.7, 0.4, 2.0, 10.0, whole=0.15),
    "Cat": Timing(1.0, 0.3, 0.5, 2.0, most=3),
    "Dishes": Timing(0.95, 0.35, 0.45, 2.2, most=3),
    "Dog": Timing(0.95, 0.4, 0.45, 2.5, most=3),
    "Electric_shaver_toothbrush": Timing(6.0, 0.35, 2.5, 10.0, whole=0.4),
    "Frying": Timing(6.5, 0.3, 2.5, 10.0, whole=0.45),
    "Running_water": Timing(4.85, 0.4, 2.0, 10.0, whole=0.15),
    "Speech": Timing(1.4, 0.4, 0.6, 3.5, most=3),
    "Vacuum_cleaner": Timing(6.5, 0.3, 2.5, 10.0, whole=0.45),
}
COUNT_SHARES = (0.4, 0.35, 0.25)  # of clips with 1, 2, 3 events of a repeating class
GAP = 0.7  # seconds of silence between events of one class: longer than a 7-frame median filter

# Event level over the background, dB: a level per clip, and its scatter from event to event.
CLIP_SNR: dict[Domain, tuple[float, float]] = {"synthetic": (14, 26), "real": (11, 23)}
EVENT_SCATTER = 4.0
SHORT_BOOST = 4.0  # short events stand out from the long ones they fall upon
SNR_RANGE = (6.0, 30.0)


@dataclass(frozen=True)
class PlannedEvent:
    """A class, its start and length in seconds, and its level in dB over the background."""

    label: str
    onset: float
    seconds: float
    snr: float


def leading_class(seed: list[int], index: int, classes: list[str], *, empty: bool) -> str | None:
    """The class that clip `index` is about, dealt from shuffled decks so that classes stay even.

    A deck holds every class twice and, where `empty` clips are wanted, one blank (None). Deck
    number index // size depends on nothing else, so neither does the answer on the split's size.
    """
    deck: list[str | None] = [*classes, *classes, *([None] if empty else [])]
    number, place = divmod(index, len(deck))
    return deck[np.random.default_rng([*seed, number]).permutation(len(deck))[place]]


def partners(rng: Rng, leader: str, classes: list[str]) -> list[str]:
    """Further classes in the clip: how many as in DESED, which by damped DESED co-occurrence."""
    count = int(rng.choice(len(CLASSES_PER_CLIP), p=CLASSES_PER_CLIP))
    others = [name for name in classes if name != leader]
    # The square root flattens: every pair happens, frequent ones more often.
    weight = np.array(
        [4 + TOGETHER.get((min(name, leader), max(name, leader)), 0) ** 0.5 for name in others]
    )
    count = min(count, len(others))
    return list(rng.choice(others, count, replace=False, p=weight / weight.sum())) if count else []


def plan_clip(
    rng: Rng, leader: str | None, *, classes: list[str], seconds: float, domain: Domain
) -> list[PlannedEvent]:
    """Draw the events of one clip, sorted by onset; events of one class keep `GAP` apart."""
    if leader is None:
        return []
    level = rng.uniform(*CLIP_SNR[domain])
    events: list[PlannedEvent] = []
    for position, label in enumerate([leader, *partners(rng, leader, classes)]):
        timing = TIMING[label]
        shares = np.array(COUNT_SHARES[: timing.most if position == 0 else min(timing.most, 2)])
        count = 1 + int(rng.choice(len(shares), p=shares / shares.sum()))
        boost = SHORT_BOOST if timing.whole == 0 else 0.0
        for onset, duration in _place(rng, timing, count, seconds, events):
            snr = level + boost + rng.uniform(-EVENT_SCATTER, EVENT_SCATTER)
            events.append(PlannedEvent(label, onset, duration, float(np.clip(snr, *SNR_RANGE))))
    return sorted(events, key=lambda event: (event.onset, event.label))


def _place(
    rng: Rng, timing: Timing, count: int, seconds: float, taken: list[PlannedEvent]
) -> list[tuple[float, float]]:
    """Onsets and durations of one class; of four draws the one that overlaps `taken` least."""
    if rng.random() < timing.whole:
        return [(0.0, seconds)]
    durations = np.exp(rng.normal(np.log(timing.median), timing.sigma, count))
    durations = np.clip(durations, timing.low, min(timing.high, 0.95 * seconds))
    while len(durations) > 1 and durations.sum() + GAP * (len(durations) - 1) > seconds:
        durations = durations[:-1]
    slack = seconds - durations.sum() - GAP * (len(durations) - 1)
    shifts = np.concatenate([[0.0], np.cumsum(durations[:-1] + GAP)])
    best: tuple[float, list[tuple[float, float]]] | None = None
    for _ in range(4):
        onsets = np.sort(rng.uniform(0, slack, len(durations))) + shifts
        draw = [(float(a), float(d)) for a, d in zip(onsets, durations, strict=True)]
        overlap = sum(
            max(0.0, min(a + d, e.onset + e.seconds) - max(a, e.onset))
            for a, d in draw
            for e in taken
        )
        if best is None or overlap < best[0]:
            best = (overlap, draw)
    assert best is not None
    return best[1]
