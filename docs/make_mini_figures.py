"""Draw the figures and the measured tables of mini.md: `python docs/make_mini_figures.py`."""

import io
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy import signal

from sed_core.synthesis.dsp import Array, Domain
from sed_core.synthesis.generator_registry import GENERATORS, dry_event
from sed_core.synthesis.plan import TIMING
from sed_core.synthesis.synthetic_clips import Recipe, clip_name, compose, plan

DOCS = Path(__file__).parent
RATE = 44100
CLASSES = tuple(GENERATORS)
DOMAINS: tuple[Domain, Domain] = ("synthetic", "real")
SEED, EVENTS = 42, 20
# DESED validation.tsv: share of the 1,168 clips with the class (%), events in such a clip,
# median length (s).
DESED = {
    "Alarm_bell_ringing": (16, 2.25, 1.03),
    "Blender": (7, 1.18, 4.70),
    "Cat": (10, 2.82, 0.85),
    "Dishes": (15, 3.27, 0.39),
    "Dog": (14, 3.56, 0.77),
    "Electric_shaver_toothbrush": (5, 1.05, 9.90),
    "Frying": (8, 1.06, 10.00),
    "Running_water": (17, 1.20, 4.85),
    "Speech": (54, 2.79, 1.15),
    "Vacuum_cleaner": (8, 1.01, 10.00),
}


def log_mel(x: Array, bands: int = 80) -> Array:
    """Log-mel magnitudes in dB (bands, frames), 0 to 8 kHz, hop 1024, HTK mel scale."""
    frequency, _, spectrum = signal.stft(x, RATE, nperseg=4096, noverlap=4096 - 1024)
    top = 2595 * np.log10(1 + 8000 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    rise = (frequency - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - frequency) / np.diff(edges)[1:, None]
    weights = np.clip(np.minimum(rise, fall), 0, None)
    return 20 * np.log10(weights @ np.abs(spectrum) + 1e-6)


def examples(domain: Domain) -> list[tuple[str, int]]:
    """For each class, the first 10 s clip with that class alone."""
    recipe = Recipe(
        "synth" if domain == "synthetic" else "devtest", domain, SEED, CLASSES, 10, RATE
    )
    found: dict[str, int] = {}
    for index in range(400):
        labels = {event.label for event in plan(recipe, index)[1]}
        if len(labels) == 1 and clip_name(recipe, index)[1] == 10:
            found.setdefault(labels.pop(), index)
    return [(name, found[name]) for name in CLASSES]


def draw_spectrograms(path: Path) -> None:
    """One clip a class and domain; white bars are the labels."""
    figure, axes = plt.subplots(10, 2, figsize=(9.5, 13.5), layout="constrained")
    for column, domain in enumerate(DOMAINS):
        split = "synth" if domain == "synthetic" else "devtest"
        recipe = Recipe(split, domain, SEED, CLASSES, 10, RATE)
        for row, (label, index) in enumerate(examples(domain)):
            scape, ax = compose(recipe, index), axes[row, column]
            picture = log_mel(scape.samples)
            peak = np.percentile(picture, 99.9)
            ax.imshow(
                picture,
                origin="lower",
                aspect="auto",
                extent=(0, 10, 0, 80),
                vmin=peak - 60,
                vmax=peak,
                cmap="magma",
            )
            for event in scape.events:
                ax.hlines(77, event.onset, event.offset, color="white", lw=3)
            ax.set_yticks([])
            ax.set_xticks(range(0, 11, 2) if row == 9 else [])
            ax.set_title(f"{label} · {domain}, {split} clip {index}", fontsize=8, pad=2)
    for ax in axes[9]:
        ax.set_xlabel("time (s)", fontsize=8)
    save(figure, path, dpi=72, colours=36)


def save(figure: plt.Figure, path: Path, *, dpi: int, colours: int) -> None:
    """Save with few colours: spectrograms shrink to a quarter and look the same."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=dpi)
    plt.close(figure)
    path.parent.mkdir(exist_ok=True)
    Image.open(buffer).convert("RGB").quantize(colours).save(path, optimize=True)


def measure(x: Array) -> tuple[float, float, float, float]:
    """Centroid (kHz), flatness in dB, level swing (std / mean of 30 ms RMS), swing rate (Hz)."""
    frequency, power = signal.welch(x, RATE, nperseg=2048)
    band = (frequency > 60) & (frequency < 8000)
    frequency, power = frequency[band], power[band]
    flatness = 10 * np.log10(np.exp(np.log(power).mean()) / power.mean())
    hop = int(0.03 * RATE)
    level = np.sqrt(np.mean(x[: len(x) // hop * hop].reshape(-1, hop) ** 2, axis=1))
    spectrum = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)))) ** 2
    rate = np.fft.rfftfreq(len(level), hop / RATE)
    return (
        float((frequency * power).sum() / power.sum() / 1000),
        float(flatness),
        float(level.std() / level.mean()),
        float((rate * spectrum).sum() / spectrum.sum()),
    )


def measured() -> dict[Domain, dict[str, Array]]:
    """Measures (EVENTS, 4) of dry events of each domain and class."""
    return {
        domain: {
            label: np.array(
                [
                    measure(
                        dry_event(
                            np.random.default_rng([SEED, k]),
                            label,
                            seconds=min(TIMING[label].median, 2.5),
                            rate=RATE,
                            domain=domain,
                        )
                    )
                    for k in range(EVENTS)
                ]
            )
            for label in CLASSES
        }
        for domain in DOMAINS
    }


def draw_measures(values: dict[Domain, dict[str, Array]], path: Path) -> None:
    """Each dry event as a point: colour says class, shape says domain."""
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
    planes = ((0, 1, "centroid (kHz)", "flatness (dB)"), (0, 2, "centroid (kHz)", "level swing"))
    for ax, (a, b, x_name, y_name) in zip(axes, planes, strict=True):
        for k, label in enumerate(CLASSES):
            for domain, marker in zip(DOMAINS, "o^", strict=True):
                points = values[domain][label]
                name = label if domain == "synthetic" else None
                ax.scatter(
                    points[:, a], points[:, b], 12, f"C{k}", marker=marker, alpha=0.7, label=name
                )
        ax.set(xlabel=x_name, ylabel=y_name)
    axes[1].set_yscale("log")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right", fontsize=7)
    save(figure, path, dpi=90, colours=128)


def measure_table(values: dict[Domain, dict[str, Array]]) -> str:
    """Medians of synthetic → real events."""
    lines = [
        "| class | centroid (kHz) | flatness (dB) | level swing | swing rate (Hz) |",
        "|---|---|---|---|---|",
    ]
    for label in CLASSES:
        dry, real = (np.median(values[domain][label], axis=0) for domain in DOMAINS)
        cells = [f"{dry[i]:.{d}f} → {real[i]:.{d}f}" for i, d in enumerate((2, 0, 2, 1))]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def statistics_table() -> str:
    """DESED validation beside mini: 2,000 planned clips of each kind."""
    kinds: list[tuple[str, Domain]] = [("synth", "synthetic"), ("devtest", "real")]
    plans = [
        [plan(Recipe(split, domain, SEED, CLASSES, 10, RATE), i)[1] for i in range(2000)]
        for split, domain in kinds
    ]
    lines = [
        "| class | clips with it, % | events in such a clip | median length, s |",
        "|---|---|---|---|",
    ]
    for label, (share, count, length) in DESED.items():
        cells = [[f"{share}"], [f"{count:.1f}"], [f"{length:.1f}"]]
        for clips in plans:
            found = [[e.seconds for e in clip if e.label == label] for clip in clips]
            found = [lengths for lengths in found if lengths]
            cells[0].append(f"{100 * len(found) / len(clips):.0f}")
            cells[1].append(f"{np.mean([len(lengths) for lengths in found]):.1f}")
            cells[2].append(f"{np.median(np.concatenate(found)):.1f}")
        lines.append(f"| {label} | " + " | ".join(" / ".join(cell) for cell in cells) + " |")
    return "\n".join(lines)


def fill(text: str, name: str, table: str) -> str:
    """Put a table between `<!-- name -->` and `<!-- end -->`."""
    head, rest = text.split(f"<!-- {name} -->\n", 1)
    return f"{head}<!-- {name} -->\n{table}\n<!-- end -->{rest.split('<!-- end -->', 1)[1]}"


def main() -> None:
    """Make everything."""
    values = measured()
    draw_spectrograms(DOCS / "images" / "mini_spectrograms.png")
    draw_measures(values, DOCS / "images" / "mini_measures.png")
    page = DOCS / "mini.md"
    text = fill(page.read_text(encoding="utf-8"), "measures", measure_table(values))
    page.write_text(fill(text, "statistics", statistics_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
