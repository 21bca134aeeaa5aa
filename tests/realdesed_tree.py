"""A made-up data set in exactly RealDESED's layout: tones for sounds, invented people.

`python tests/realdesed_tree.py FOLDER 300` makes 300 recordings for training, and fewer others.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import soundfile
import yaml

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "configs/realdesed.yaml"
CLASSES = yaml.safe_load(CONFIG.read_text())["datasets"]["realdesed"]["classes"]
METADATA = [
    "filename", "target_classes", "non_target_classes", "recording_device", "device_placement",
    "recording_environment", "scene_description", "license",
]  # fmt: skip
ANNOTATIONS = ["filename", "onset", "offset", "class"]
RAW = [*ANNOTATIONS, "annotator_id", "annotator_is_creator", "review_status", "reviewer_id"]
PEOPLE = [f"{number:04d}" for number in range(12)]
Event = tuple[float, float, str]


def make_tree(folder: Path, *, train: int, others: int, longest: float, seed: int = 0) -> Path:
    """Write `train`, `validation` and `test`, each with audio and two tables.

    Args:
        folder: where to.
        train: recordings for training.
        others: recordings of each of the other two.
        longest: seconds; the shortest has 2.
        seed: of everything.
    """
    rng = np.random.default_rng(seed)
    for split, count in {"train": train, "validation": others, "test": others}.items():
        (folder / split / "audio").mkdir(parents=True)
        metadata, rows = [], []
        for number in range(count):
            name = f"{split}_{number:05d}.wav"
            seconds = 2.0 if number == 0 else round(float(rng.uniform(2, longest)), 3)
            seconds = longest if number == 1 else seconds
            first = number * 2  # so that every class is there
            heard = [CLASSES[(first + n) % len(CLASSES)] for n in range(2)]
            events = [_event(rng, label, seconds) for label in heard for _ in range(2)]
            rate = (44_100, 48_000)[number % 2]
            sound = _sound(rng, events, seconds, rate)
            soundfile.write(folder / split / "audio" / name, sound, rate, subtype="PCM_16")
            metadata.append(_scene(name, heard, number))
            write = _raw if split == "train" else _curated
            rows += write(rng, name, events, number)
        table = "annotations_raw.csv" if split == "train" else "annotations.csv"
        _table(folder / split / "metadata.csv", METADATA, metadata)
        _table(folder / split / table, RAW if split == "train" else ANNOTATIONS, rows)
    return folder


def _event(rng: np.random.Generator, label: str, seconds: float) -> Event:
    length = min(float(rng.uniform(0.3, 3)), seconds / 2)
    onset = float(rng.uniform(0, seconds - length))
    return round(onset, 3), round(onset + length, 3), label


def _sound(rng: np.random.Generator, events: list[Event], seconds: float, rate: int) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    sound = rng.normal(0, 0.003, len(time))
    for onset, offset, label in events:
        number = CLASSES.index(label)
        tone = np.sin(2 * np.pi * 180 * 1.25**number * time) * (1 + np.sin(9 * (number + 1) * time))
        sound += 0.1 * tone * ((time >= onset) & (time < offset))
    return sound


def _scene(name: str, heard: list[str], number: int) -> list[str]:
    said = 'She said: "off", then; in the "kitchen", left' if number % 3 else "a hall\nwith stairs"
    return [
        name, ";".join(sorted(set(heard))), "speech;rain" if number % 2 else "",
        ("iPhone 13, mini", 'Samsung "A52"')[number % 2], ("static", "mobile")[number % 2],
        ("kitchen", "bathroom; small")[number // 2 % 2], said, "CC BY 4.0",
    ]  # fmt: skip


def _curated(rng: np.random.Generator, name: str, events: list[Event], number: int) -> list[list]:
    return [[name, *event] for event in events]


def _raw(rng: np.random.Generator, name: str, events: list[Event], number: int) -> list[list]:
    """What three or four people hear; some of it reviewed, some of it rejected, some twice."""
    people = rng.choice(PEOPLE, 3 + number % 2, replace=False).tolist()
    rows = []
    for place, person in enumerate(people):
        sloppy = 0.6 if person in PEOPLE[:2] else 0.05
        for onset, offset, label in events:
            if rng.random() < sloppy / 2:
                continue
            moved = np.array([onset, offset]) + rng.normal(0, sloppy, 2)
            times = np.sort(moved.clip(0)).round(3).tolist()
            rows.append([name, *times, label, person, place == 0, "unreviewed", ""])
    if number % 3 == 0:
        rows += [[name, *events[0], people[1], False, "accepted", "r1"]]
    if number % 4 == 0:
        rows += [[name, 0.0, 1.0, CLASSES[number % 15], people[0], True, "rejected", "r1"]]
    return [*rows, *rows[:1]]


def _table(path: Path, header: list[str], rows: list[list]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerows([header, *rows])


if __name__ == "__main__":
    make_tree(Path(sys.argv[1]), train=int(sys.argv[2]), others=int(sys.argv[2]) // 4, longest=90)
