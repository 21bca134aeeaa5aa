import json
from pathlib import Path

import pytest

from sed_core.data.download.checksum import parse_checksum
from sed_core.data.download.clips import read_download_policy
from sed_core.data.download.remotes import configured_remotes, read_remotes
from sed_core.runtime.errors import SedError


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_every_remote_can_be_had_and_lists_come_before_clips() -> None:
    remotes = read_remotes()
    for remote in remotes.values():
        if remote.kind == "clips":
            assert remote.list
            assert remote.list.startswith("metadata/")
        else:
            assert remote.urls or remote.record
        if remote.checksum:
            parse_checksum(remote.checksum)
    assert [remote.report for remote in remotes.values() if remote.kind == "clips"] == [
        "missing_files_weak.tsv",
        "missing_files_unlabel_in_domain.tsv",
        "missing_files_validation.tsv",
        "missing_files_strong_label_real.tsv",
    ]


def test_groups_are_the_flags_of_the_reference() -> None:
    groups: dict[str, list[str]] = {}
    for name, remote in read_remotes().items():
        groups.setdefault(remote.group, []).append(name)
    assert groups["real"] == ["metadata", "weak", "unlabelled", "validation"]
    assert groups["strong"] == ["strong_metadata", "strong"]
    assert groups["synth"] == ["synth"]


def test_own_addresses_lie_over_the_defaults(tmp_path: Path) -> None:
    sources = write(
        tmp_path / "s.json",
        {
            "remotes": {
                "synth": {"urls": "http://mirror/s.zip", "checksum": "md5:" + "0" * 32},
                "panns": {"record": "http://mirror/api/records/1"},
                "weak_audio": {"kind": "archive", "target": "audio/train", "urls": ["http://w"]},
            },
            "clips": {"urls": "http://videos/{id}", "jobs": 5, "options": {"cookiefile": "c"}},
        },
    )
    remotes = read_remotes(sources)
    assert remotes["synth"].urls == ("http://mirror/s.zip",)
    assert remotes["synth"].record is None
    assert remotes["synth"].links
    assert remotes["panns"].urls == read_remotes()["panns"].urls
    assert remotes["weak_audio"].group == "own"
    policy = read_download_policy(sources)
    assert (policy.urls, policy.jobs) == (("http://videos/{id}",), 5)
    assert read_download_policy(sources, jobs=2).jobs == 2
    assert read_download_policy().urls == ("https://www.youtube.com/watch?v={id}",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"remotes": {"synth": {"url": "x"}}},
            "remote synth: unknown key 'url'; valid keys:.*url",
        ),
        ({"remotes": {"sinth": {"urls": "x"}}}, "remote sinth is not one of metadata, weak"),
        ({"remotes": {"synth": {"kind": "zip"}}}, "kind 'zip' must be file, archive or clips"),
        ({"remotes": {"synth": "http://x"}}, "must be a table"),
        ({"clips": {"job": 3}}, "clips: unknown key 'job'"),
        ({"desed": {}}, "only the sections"),
        ("a: [", "cannot be read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, content: object, words: str) -> None:
    sources = write(tmp_path / "s.yaml", content)
    with pytest.raises(SedError, match=words):
        read_remotes(sources)
        read_download_policy(sources)


def test_receipts_and_reports_say_what_is_there():
    files = read_remotes()
    assert files.receipts(["metadata"]) == ["<data>/download/metadata.json"]
    assert "missing_files/missing_files_weak.tsv" in files.of_groups("real")
    assert "<data>/download/metadata.json" in files.beside_clips("weak")
    assert set(files.of_groups("strong")) < set(files.of_groups("strong", "real"))
    assert not set(files.archives) & set(files.clips)


def test_a_split_that_names_no_remote_is_one_sentence():
    dataset = {"splits": {"weak": {"remotes": ["waek"]}}}
    with pytest.raises(SedError, match=r"datasets\.mine\.splits\.weak: there is no remote 'waek'"):
        configured_remotes(dataset, "mine")
