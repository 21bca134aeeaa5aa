"""Every name in the real DESED lists is understood, and leads back to its own piece of video."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sed_core.data.annotations import read_list
from sed_core.data.download.clips import parse_clip

EXPECTED = {
    "weak": 1578,
    "unlabel_in_domain": 14412,
    "validation": 1168,
    "public_eval": 692,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_names_of_the_real_lists(reference_file: Callable[[str], Path], name: str) -> None:
    names = read_list(reference_file(f"scoring/desed_metadata/{name}.tsv")).filenames
    assert len(names) == EXPECTED[name]
    clips = [parse_clip(filename) for filename in names]
    if name == "public_eval":
        back = [f"{clip.id}_{clip.start:.0f}_{clip.end:.0f}.wav" for clip in clips]
    else:
        back = [f"Y{clip.id}_{clip.start:.3f}_{clip.end:.3f}.wav" for clip in clips]
    assert back == names
    longest = 11 if name == "public_eval" else 10  # whole seconds around the clip
    assert max(clip.end - clip.start for clip in clips) == pytest.approx(longest)
