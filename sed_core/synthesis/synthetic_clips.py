"""One clip as a file: its name, its wav, and what the wav says about itself.

The wav carries a comment (RIFF INFO) with the fingerprint of its recipe and its exact events, so
a killed run continues from the files alone: a wav with the right fingerprint is finished.
"""

import json
import zlib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

import numpy as np
import soundfile

from sed_core.runtime.files import atomic, digest, digest_json
from sed_core.synthesis.dsp import Domain, Rng
from sed_core.synthesis.plan import (
    EMPTY_SPLITS,
    SHORT_CLIPS,
    PlannedEvent,
    leading_class,
    plan_clip,
)
from sed_core.synthesis.soundscape import Event, Soundscape, render

_MARK = "sed_core.synthesis"


@dataclass(frozen=True)
class Recipe:
    """All that decides a split's audio, except how many clips there are."""

    split: str
    domain: Domain
    seed: int
    classes: tuple[str, ...]
    clip_seconds: float
    sample_rate: int

    def key(self) -> list[int]:
        """Seed words of the split: two splits share no random numbers."""
        return [self.seed, zlib.crc32(self.split.encode())]


@dataclass(frozen=True)
class SyntheticClip:
    """A finished wav: name, length in seconds, exact events and the digest of its bytes."""

    filename: str
    seconds: float
    events: list[Event]
    digest: str


@cache
def code_digest() -> str:
    """Digest of this package's source: edited generators make clips anew."""
    folder = Path(__file__).parent
    return digest_json({path.name: digest(path) for path in sorted(folder.glob("*.py"))})


def clip_name(recipe: Recipe, index: int) -> tuple[str, float]:
    """File name and length (s) of clip `index`, as DESED names them.

    Synthetic clips are numbers. Real ones are `Y<11 characters>_<start>_<end>.wav`, and a few of
    them are shorter, as videos that end early.
    """
    if recipe.domain == "synthetic":
        return f"{index}.wav", recipe.clip_seconds
    rng = np.random.default_rng([*recipe.key(), index, 0])
    video = "".join(rng.choice(list(ascii_letters + digits + "-_"), 11))
    seconds = recipe.clip_seconds
    if rng.random() < SHORT_CLIPS:
        seconds = round(seconds * rng.uniform(0.5, 0.99), 2)
    start = 10.0 * rng.integers(0, 30)
    return f"Y{video}_{start:.3f}_{start + seconds:.3f}.wav", seconds


def plan(recipe: Recipe, index: int) -> tuple[Rng, list[PlannedEvent]]:
    """The events of clip `index`, and the generator that goes on to render them."""
    empty = recipe.split in EMPTY_SPLITS
    leader = leading_class(recipe.key(), index, list(recipe.classes), empty=empty)
    rng = np.random.default_rng([*recipe.key(), index, 1])
    seconds = clip_name(recipe, index)[1]
    events = plan_clip(
        rng, leader, classes=list(recipe.classes), seconds=seconds, domain=recipe.domain
    )
    return rng, events


def compose(recipe: Recipe, index: int) -> Soundscape:
    """Render clip `index`; depends on the recipe and the index only."""
    rng, events = plan(recipe, index)
    seconds = clip_name(recipe, index)[1]
    return render(rng, events, seconds=seconds, rate=recipe.sample_rate, domain=recipe.domain)


def make_clip(recipe: Recipe, index: int, folder: Path) -> tuple[SyntheticClip, bool]:
    """Write clip `index` unless it is up to date; answers the clip and whether it was made."""
    filename, seconds = clip_name(recipe, index)
    path = folder / filename
    mark = digest_json([asdict(recipe), index, code_digest()])
    note = read_note(path)
    made = note is None or note["fingerprint"] != mark
    if made:
        scape = compose(recipe, index)
        note = {
            "made_by": _MARK,
            "fingerprint": mark,
            "frames": len(scape.samples),
            "events": [asdict(event) for event in scape.events],
        }
        with (
            atomic(path) as draft,
            soundfile.SoundFile(
                draft, "w", recipe.sample_rate, channels=1, subtype="PCM_16"
            ) as stream,
        ):
            stream.comment = json.dumps(note)
            stream.write(np.round(scape.samples * 32767).astype(np.int16))
    assert note is not None
    events = [Event(**event) for event in note["events"]]
    return SyntheticClip(filename, seconds, events, digest(path)), made


def read_note(path: Path) -> dict[str, Any] | None:
    """What a wav made here says about itself; None for any other, cut or unreadable file."""
    try:
        with soundfile.SoundFile(path) as stream:
            note, frames = json.loads(stream.comment), stream.frames
    except (soundfile.LibsndfileError, json.JSONDecodeError):
        return None
    ours = isinstance(note, dict) and note.get("made_by") == _MARK and note["frames"] == frames
    return note if ours else None
