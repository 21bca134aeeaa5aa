import json
from pathlib import Path

import pytest

from sed_core.data.download.checksum import parse_checksum
from sed_core.data.download.parts import PARTS
from sed_core.data.download.sources import read_download_policy, read_parts, selected
from sed_core.runtime.errors import SedError


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_every_part_can_be_had_and_lists_come_before_clips() -> None:
    parts = read_parts()
    assert list(parts) == list(PARTS)
    for part in parts.values():
        if part.kind == "clips":
            assert part.list
            assert part.list.startswith("metadata/")
        else:
            assert part.urls or part.record
        if part.checksum:
            parse_checksum(part.checksum)
    assert [part.report for part in parts.values() if part.kind == "clips"] == [
        "missing_files_weak.tsv",
        "missing_files_unlabel_in_domain.tsv",
        "missing_files_validation.tsv",
        "missing_files_strong_label_real.tsv",
    ]


def test_flags_of_the_reference() -> None:
    real = ["metadata", "weak", "unlabelled", "validation"]
    strong = ["strong_metadata", "strong"]
    assert selected(["real"]) == real
    assert selected(["strong", "synth"]) == [*strong, "synth"]
    assert selected([]) == selected(["real", "strong", "synth"]) == [*real, *strong, "synth"]


def test_own_addresses_lie_over_the_defaults(tmp_path: Path) -> None:
    sources = write(
        tmp_path / "s.json",
        {
            "parts": {
                "synth": {"urls": "http://mirror/s.zip", "checksum": "md5:" + "0" * 32},
                "panns": {"record": "http://mirror/api/records/1"},
                "weak_audio": {"kind": "archive", "target": "audio/train", "urls": ["http://w"]},
            },
            "clips": {"urls": "http://videos/{id}", "jobs": 5, "options": {"cookiefile": "c"}},
        },
    )
    parts = read_parts(sources)
    assert parts["synth"].urls == ("http://mirror/s.zip",)
    assert parts["synth"].record is None
    assert parts["synth"].links
    assert parts["panns"].urls == read_parts()["panns"].urls
    assert parts["weak_audio"].group == "own"
    policy = read_download_policy(sources)
    assert (policy.urls, policy.jobs) == (("http://videos/{id}",), 5)
    assert read_download_policy(sources, jobs=2).jobs == 2
    assert read_download_policy().urls == ("https://www.youtube.com/watch?v={id}",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"parts": {"synth": {"url": "x"}}}, "part synth: unknown key 'url'; valid keys:.* urls"),
        ({"parts": {"sinth": {"urls": "x"}}}, "part sinth is not one of metadata, weak"),
        ({"parts": {"synth": {"kind": "zip"}}}, "kind 'zip' must be file, archive or clips"),
        ({"parts": {"synth": "http://x"}}, "must be a table"),
        ({"clips": {"job": 3}}, "clips: unknown key 'job'"),
        ({"desed": {}}, "only the sections"),
        ("a: [", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, content: object, words: str) -> None:
    sources = write(tmp_path / "s.yaml", content)
    with pytest.raises(SedError, match=words):
        read_parts(sources)
        read_download_policy(sources)
