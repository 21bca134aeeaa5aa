"""Every generator in both domains: right length, finite, sounding, unlike the others."""

import numpy as np
import pytest
from scipy import signal

from sed_core.runtime.errors import SedError
from sed_core.synthesis.dsp import curve, draw, fade, oscillator, phase, resonator
from sed_core.synthesis.generator_registry import GENERATORS, check_classes, dry_event
from sed_core.synthesis.plan import TIMING
from sed_core.synthesis.surroundings import DISTRACTORS, background

RATE = 16000
DOMAINS = ("synthetic", "real")


def make(label, seed, seconds=1.0, domain="synthetic", rate=RATE):
    rng = np.random.default_rng(seed)
    return dry_event(rng, label, seconds=seconds, rate=rate, domain=domain)


def centroid(x):
    """Power-weighted mean frequency in Hz."""
    frequency, power = signal.welch(x, RATE, nperseg=1024)
    return float((frequency * power).sum() / power.sum())


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("label", GENERATORS)
def test_events_are_finite_sounding_and_of_the_right_length(label, domain):
    for seed in range(5):
        seconds = 0.3 + 0.55 * seed
        x = make(label, seed, seconds, domain)
        assert len(x) == round(seconds * RATE)
        assert np.isfinite(x).all()
        assert np.sqrt(np.mean(x**2)) == pytest.approx(1.0)
        # Sound reaches both ends, else the labels would not mean what was planned.
        quarter = len(x) // 4
        assert np.mean(x[:quarter] ** 2) > 1e-3
        assert np.mean(x[-quarter:] ** 2) > 1e-3


@pytest.mark.parametrize("label", GENERATORS)
def test_a_seed_decides_the_event_and_another_seed_changes_it(label):
    assert np.array_equal(make(label, 5), make(label, 5))
    assert abs(np.corrcoef(make(label, 5), make(label, 6))[0, 1]) < 0.5


@pytest.mark.parametrize("label", ["Frying", "Alarm_bell_ringing"])
def test_events_sound_at_44100_hz_as_at_16000_hz(label):
    assert len(make(label, 1, 0.5, rate=44100)) == 22050


def test_classes_measure_differently():
    def mean(measure, label):
        return np.mean([measure(make(label, seed, 1.5)) for seed in range(4)])

    def flatness(x):
        power = signal.welch(x, RATE, nperseg=1024)[1][3:-3]
        return np.exp(np.log(power).mean()) / power.mean()

    def swing(x):
        """Relative deviation of the level over 30 ms frames."""
        level = np.sqrt(np.mean(x[: len(x) // 480 * 480].reshape(-1, 480) ** 2, axis=1))
        return level.std() / level.mean()

    assert mean(centroid, "Frying") > 3 * mean(centroid, "Running_water")
    assert mean(centroid, "Dishes") > 2 * mean(centroid, "Speech")
    assert mean(centroid, "Electric_shaver_toothbrush") > 1.5 * mean(centroid, "Blender")
    assert mean(flatness, "Vacuum_cleaner") > 1.4 * mean(flatness, "Blender")
    assert mean(flatness, "Frying") > 5 * mean(flatness, "Cat")
    assert mean(swing, "Vacuum_cleaner") < 0.3 * mean(swing, "Dog")
    assert mean(swing, "Running_water") < 0.6 * mean(swing, "Dishes")


def test_unknown_empty_or_repeated_classes_are_refused():
    with pytest.raises(SedError, match=r"'Bagpipe' has no generator.*Alarm_bell_ringing"):
        check_classes(["Dog", "Bagpipe"])
    with pytest.raises(SedError, match="each once"):
        check_classes([])
    with pytest.raises(SedError, match="each once"):
        check_classes(["Dog", "Dog"])


def test_every_class_has_a_timing():
    assert set(TIMING) == set(GENERATORS)


@pytest.mark.parametrize("name", DISTRACTORS)
def test_distractors_sound(name):
    for seed in range(5):
        x = DISTRACTORS[name](np.random.default_rng(seed), RATE)
        assert np.isfinite(x).all()
        assert 0.1 * RATE < len(x) < 8 * RATE
        assert np.mean(x**2) > 0


@pytest.mark.parametrize("domain", DOMAINS)
def test_backgrounds_have_unit_level_and_fall_with_frequency(domain):
    for seed in range(5):
        x = background(np.random.default_rng(seed), length=RATE * 2, rate=RATE, domain=domain)
        assert np.sqrt(np.mean(x**2)) == pytest.approx(1.0)
        assert centroid(x) < 2500


def test_a_resonator_rings_at_its_frequency_and_decays_in_its_time():
    impulse = np.zeros(RATE)
    impulse[0] = 1.0
    ring = resonator(impulse, RATE, frequency=1000, decay=0.05)
    time = np.arange(RATE) / RATE
    assert np.allclose(ring, np.exp(-time / 0.05) * np.sin(2 * np.pi * 1000 * time), atol=1e-9)
    assert not resonator(impulse, RATE, frequency=0.49 * RATE, decay=0.05).any()


def test_an_oscillator_is_the_sum_of_its_harmonics():
    rng = np.random.default_rng(0)
    x = oscillator(rng, phase(np.full(RATE, 200.0), RATE), np.array([1.0, 0.0, 0.25]))
    spectrum = np.abs(np.fft.rfft(x)) / (RATE / 2)
    assert spectrum[200] == pytest.approx(1.0, abs=1e-3)
    assert spectrum[600] == pytest.approx(0.25, abs=1e-3)
    spectrum[[200, 600]] = 0.0
    assert spectrum.max() < 1e-3


def test_control_curves_stay_inside_their_range_and_are_smooth():
    x = curve(np.random.default_rng(0), RATE, RATE, hertz=4, low=2.0, high=3.0)
    assert len(x) == RATE
    assert 2.0 <= x.min() < 2.4
    assert 2.6 < x.max() <= 3.0
    assert np.abs(np.diff(x)).max() < 1e-3


def test_drawn_parameters_stay_inside_their_ranges():
    for seed in range(50):
        p = draw(np.random.default_rng(seed), {"f": (100, 400), "a": (-1, 1)})
        assert 100 <= p.f <= 400
        assert -1 <= p.a <= 1


def test_fades_start_and_end_in_silence_and_leave_the_middle():
    x = fade(np.ones(1000), 1000, attack=0.1, release=0.2)
    assert x[0] == x[-1] == 0
    assert (x[100:800] == 1).all()
