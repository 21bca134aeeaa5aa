"""Plans and rendered clips: exact labels, levels, durations, no clipping, domains that differ."""

from itertools import pairwise

import numpy as np
import pytest

from sed_core.synthesis.generator_registry import GENERATORS
from sed_core.synthesis.plan import (
    EMPTY_SPLITS,
    GAP,
    SNR_RANGE,
    TIMING,
    leading_class,
    plan_clip,
)
from sed_core.synthesis.rooms import draw_room, response, reverberate
from sed_core.synthesis.soundscape import TAIL
from sed_core.synthesis.synthetic_clips import Recipe, clip_name, compose

CLASSES = list(GENERATORS)
RATE = 16000


def recipe(domain="synthetic", split="synth"):
    return Recipe(split, domain, 3, tuple(CLASSES), 10.0, RATE)


@pytest.fixture(scope="module")
def by_domain():
    return {name: [compose(recipe(name), i) for i in range(7)] for name in ("synthetic", "real")}


@pytest.fixture(params=["synthetic", "real"])
def scapes(request, by_domain):
    return by_domain[request.param]


def plans(domain, count=300):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        leader = CLASSES[seed % 10]
        yield plan_clip(rng, leader, classes=CLASSES, seconds=10.0, domain=domain)


@pytest.mark.parametrize("domain", ["synthetic", "real"])
def test_planned_events_fit_the_clip_keep_apart_and_stay_in_range(domain):
    for plan in plans(domain):
        assert plan == sorted(plan, key=lambda e: (e.onset, e.label))
        for event in plan:
            timing = TIMING[event.label]
            assert event.onset >= 0
            assert event.onset + event.seconds <= 10.0 + 1e-9
            whole = event.seconds == 10.0
            assert whole or timing.low <= event.seconds <= timing.high
            assert SNR_RANGE[0] <= event.snr <= SNR_RANGE[1]
        for label in CLASSES:
            same = [e for e in plan if e.label == label]
            for first, second in pairwise(same):
                assert second.onset - first.onset - first.seconds >= GAP - 1e-9
    assert GAP > TAIL + 0.02


def test_every_class_is_frequent_and_clips_resemble_desed():
    drawn = list(plans("synthetic"))
    for label in CLASSES:
        assert np.mean([any(e.label == label for e in plan) for plan in drawn]) >= 0.12
    kinds = np.array([len({e.label for e in plan}) for plan in drawn])
    assert np.mean(kinds == 1) == pytest.approx(0.52, abs=0.1)
    assert np.mean([len(plan) for plan in drawn]) == pytest.approx(2.5, abs=1.0)
    snr = np.array([e.snr for plan in drawn for e in plan])
    assert 14 < snr.mean() < 26


def test_leading_classes_are_dealt_evenly_with_a_blank_where_wanted():
    dealt = [leading_class([1, 2], i, CLASSES, empty=True) for i in range(42)]
    assert dealt.count(None) == 2
    assert all(dealt.count(name) == 4 for name in CLASSES)
    assert None not in [leading_class([1, 2], i, CLASSES, empty=False) for i in range(40)]


def test_the_energy_of_each_event_lies_where_its_label_says(scapes):
    for scape in scapes:
        for stem, event in zip(scape.stems, scape.events, strict=True):
            power = stem**2
            first, last = round(event.onset * RATE), round(event.offset * RATE)
            assert power[first:last].sum() >= 0.97 * power.sum()
            # Both edges sound: within 30 dB of the event's mean in the first and last 30 ms.
            edge = int(0.03 * RATE)
            floor = 1e-3 * power[first:last].mean()
            assert power[first : first + edge].mean() > floor
            assert power[last - edge : last].mean() > floor


def test_events_are_as_loud_as_planned_and_audible_in_the_mixture(scapes):
    for scape in scapes:
        loudness = np.sqrt(np.mean(scape.background**2))
        for stem, event in zip(scape.stems, scape.events, strict=True):
            inside = stem[round(event.onset * RATE) : round(event.offset * RATE)]
            snr = 20 * np.log10(np.sqrt(np.mean(inside**2)) / loudness)
            assert SNR_RANGE[0] - 0.1 <= snr <= SNR_RANGE[1] + 0.1


def test_clips_do_not_clip_and_labels_are_ordered_on_a_10_ms_grid(scapes):
    for scape in scapes:
        assert np.isfinite(scape.samples).all()
        assert 0.001 < np.abs(scape.samples).max() <= 0.9 + 1e-9
        for event in scape.events:
            assert 0 <= event.onset < event.offset <= 10.0
            assert round(event.onset * 100) == pytest.approx(event.onset * 100)
        for label in CLASSES:
            same = sorted((e.onset, e.offset) for e in scape.events if e.label == label)
            assert all(a[1] < b[0] for a, b in pairwise(same))


def test_synthetic_clips_are_the_sum_of_their_parts_and_real_ones_are_not(by_domain):
    """Dry clips hold nothing but background, stems and distractors; real ones pass a device."""

    def residue(domain):
        out = []
        for scape in by_domain[domain]:
            parts = scape.background + sum(scape.stems)
            scale = np.dot(parts, scape.samples) / np.dot(parts, parts)
            out.append(np.mean((scape.samples - scale * parts) ** 2) / np.mean(scape.samples**2))
        return np.array(out)

    assert np.sum(residue("synthetic") < 1e-6) >= 2  # those without a distractor
    assert residue("real").min() > 1e-4


def test_rooms_ring_on_and_start_at_once():
    rng = np.random.default_rng(0)
    room = draw_room(rng)
    impulse_response = response(rng, room, RATE)
    start = np.argmax(np.abs(impulse_response))
    assert start < 0.05 * RATE
    late = impulse_response[int(0.03 * RATE) :]
    assert 1e-4 < np.sum(late**2) / np.sum(impulse_response**2) < 0.7
    assert len(reverberate(rng, np.ones(100), room, RATE)) > 1000


def test_short_clips_and_names_follow_desed():
    names = [clip_name(recipe("real", "weak"), index) for index in range(80)]
    assert len({name for name, _ in names}) == 80
    for name, seconds in names:
        start, end = name.removesuffix(".wav")[13:].split("_")
        assert name[0] == "Y"
        assert name[12] == "_"
        assert float(end) - float(start) == pytest.approx(seconds)
    assert 1 <= sum(seconds < 10 for _, seconds in names) <= 15
    assert clip_name(recipe(), 7) == ("7.wav", 10.0)


def test_clips_without_events_are_background_only():
    key = recipe("real", "devtest").key()
    blank = next(i for i in range(21) if leading_class(key, i, CLASSES, empty=True) is None)
    scape = compose(recipe("real", "devtest"), blank)
    assert scape.events == scape.stems == []
    assert np.mean(scape.samples**2) > 0
    assert "weak" not in EMPTY_SPLITS
