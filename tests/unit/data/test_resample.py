import errno
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from sed_core.data import array_file
from sed_core.data.audio import ClipBlocks, read_clip
from sed_core.data.corpus import Corpus
from sed_core.data.manifest import read_manifest
from sed_core.data.resample import resample_split
from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from workflow_scripts.resample import main

Write = Callable[..., Path]  # the fixture `write`


def resample(folder: Path, out: Path, **options: object) -> tuple[Corpus, dict[str, str]]:
    """Resample `folder` into `out`; the corpus and the status of each clip."""
    arguments = {"split": "weak", "filenames": None, "clip_seconds": 1, "sample_rate": 16000}
    arguments |= {"manifest": out / "m.tsv", "corpus": out / "c.h5", "jobs": 1} | options
    resample_split(audio_dir=folder, **arguments)  # type: ignore[arg-type]
    table = read_manifest(out / "m.tsv").set_index("filename")
    return Corpus.open(out / "c.h5"), table["status"].to_dict()


def results(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in ("m.tsv", "c.h5")]


@pytest.fixture
def folder(write: Write) -> Path:
    """Eight good clips of all sorts."""
    write("a.wav", channels=2)
    write("b.wav", rate=16000, seconds=0.5)
    write("c.flac", rate=48000, seconds=1.7)
    for name in "defgh":
        write(f"{name}.WAV" if name == "h" else f"{name}.wav", seconds=1)
    return write("a.wav", channels=2).parent


def test_corpus_holds_each_clip(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("not audio")
    (folder / "._a.wav").write_text("made by another system")
    (folder / "sub").mkdir()
    corpus, status = resample(folder, tmp_path)
    names = [f"{name}.wav" for name in "abcdefg"] + ["h.WAV"]
    names[2] = "c.flac"
    assert corpus.filenames == names and set(status.values()) == {"ok"}
    for index, name in enumerate(names):
        expected = read_clip(folder / name, sample_rate=16000).samples
        found = corpus.samples[corpus.offsets[index] : corpus.offsets[index + 1]]
        np.testing.assert_array_equal(found, expected)
    flags = read_manifest(tmp_path / "m.tsv")["flags"].tolist()
    assert flags[:4] == ["stereo,resampled", "short", "long,resampled", "resampled"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audio", "c.h5", "m.tsv"]


def test_names_are_matched_as_people_read_them(folder: Path, tmp_path: Path) -> None:
    (folder / "a.wav").rename(folder / "e\u0301te\u0301.wav")  # as unpacked from a Mac's archive
    corpus, status = resample(folder, tmp_path, filenames=["\u00e9t\u00e9.wav", "b.wav"])
    assert corpus.filenames == ["b.wav", "\u00e9t\u00e9.wav"]
    assert set(status.values()) == {"ok"}


@pytest.mark.parametrize("listed", [["B.wav"], ["b.wav", "B.wav"], ["b.WAV", "C.wav", "a.wav"]])
def test_names_that_differ_in_case_only_are_refused(folder: Path, tmp_path: Path, listed) -> None:
    with pytest.raises(SedError, match=r"split weak: [BC].wav is listed, but there is only [bc]\."):
        resample(folder, tmp_path, filenames=listed)


def test_processes_do_not_change_the_bytes(folder: Path, tmp_path: Path) -> None:
    for jobs in (1, 2):
        resample(folder, tmp_path / f"{jobs}", jobs=jobs)
    assert results(tmp_path / "1") == results(tmp_path / "2")


def test_listed_clips_are_found_or_missing(folder: Path, tmp_path: Path) -> None:
    (folder / "linked.wav").symlink_to(folder / "a.wav")
    (folder / "dangling.wav").symlink_to(folder / "nowhere.wav")
    names = ["linked.wav", "gone.wav", "dangling.wav", "c.wav", "Y_30.000_40.000", "b.wav"]
    corpus, status = resample(folder, tmp_path, filenames=names)
    assert corpus.filenames == ["b.wav", "c.wav", "linked.wav"]  # c.wav is c.flac on disk
    assert [name for name in status if status[name] == "missing"] == [
        "Y_30.000_40.000",
        "dangling.wav",
        "gone.wav",
    ]


def test_no_folder_no_audio_no_listed_clip(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SedError, match=r"none, the audio folder of split weak, does not exist"):
        resample(tmp_path / "none", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SedError, match=r"split weak, holds no audio; point .* get them first"):
        resample(tmp_path / "empty", tmp_path)
    with pytest.raises(SedError, match=r"none of the 1 clips of split weak is there .*x\.wav"):
        resample(folder, tmp_path, filenames=["x.wav"])


def spoil(folder: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF")
    (folder / "empty.wav").touch()
    sf.write(folder / "nan.wav", np.full(100, np.nan), 44100, subtype="FLOAT")


def test_unusable_files_end_the_run_with_one_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder)
    with pytest.raises(SedError, match=r"3 of 11 files of split weak cannot be used \(broken") as e:
        resample(folder, tmp_path)
    assert "delete or replace them, or set the data set's unreadable: skip" in str(e.value)
    log = capsys.readouterr().err
    assert all(f"{folder}/{name}.wav: " in log for name in ("broken", "empty", "nan"))
    assert not (tmp_path / "c.h5").exists() and not (tmp_path / "m.tsv").exists()


def test_a_mended_file_is_the_only_one_read_again(
    folder: Path, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(folder)
    out = tmp_path / "mended"
    with pytest.raises(SedError):
        resample(folder, out)
    write("broken.wav")
    (folder / "nan.wav").unlink()
    (folder / "empty.wav").unlink()
    read = []
    monkeypatch.setattr(
        "sed_core.data.resample.ClipBlocks",
        lambda path, **options: read.append(path.name) or ClipBlocks(path, **options),
    )
    resample(folder, out)
    assert read == ["broken.wav"]
    resample(folder, tmp_path / "afresh")
    assert results(out) == results(tmp_path / "afresh")


def test_unusable_files_can_be_skipped(folder: Path, tmp_path: Path) -> None:
    spoil(folder)
    corpus, status = resample(folder, tmp_path, on_unreadable="skip")
    assert (status["broken.wav"], status["empty.wav"], status["nan.wav"]) == (
        "unreadable",
        "empty",
        "nan",
    )
    assert len(corpus) == 8
    for path in folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(SedError, match="11 of 11 files"):
        resample(folder, tmp_path / "none", on_unreadable="skip")


# A run that ends itself with SIGKILL in the middle of its n-th write to the journal's files, or
# at the start of the given step.
KILLED = """
import os, signal, sys
from sed_core.data import array_file, resample
folder, out, point, jobs = sys.argv[1:]
def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)
if point.isdigit():
    whole, count = array_file.ResumableFile._write, 0
    def write(stream, data):
        global count
        count += 1
        if count == int(point):
            whole(stream, data[: len(data) // 2])
            die()
        whole(stream, data)
    array_file.ResumableFile._write = staticmethod(write)
elif point == "remove":
    resample.ResampleJournal.remove = die
else:
    setattr(resample, point, die)
resample.resample_split(
    split="weak", audio_dir=folder, filenames=None, clip_seconds=1, sample_rate=16000,
    manifest=out + "/m.tsv", corpus=out + "/c.h5", jobs=int(jobs),
)
"""


@pytest.mark.parametrize("point", ["1", "2", "3", "10", "write_manifest", "write_corpus", "remove"])
def test_killed_anywhere_it_goes_on_to_the_same_bytes(
    folder: Path, tmp_path: Path, point: str, root: Path
) -> None:
    resample(folder, tmp_path / "whole")
    out = tmp_path / "killed"
    jobs = "2" if point == "10" else "1"
    command = [sys.executable, "-c", KILLED, str(folder), str(out), point, jobs]
    killed = subprocess.run(command, cwd=root, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    assert (out / "c.h5").exists() == (point == "remove")
    resample(folder, out)
    assert results(out) == results(tmp_path / "whole")
    assert sorted(path.name for path in out.iterdir()) == ["c.h5", "m.tsv"]


def arguments(folder: Path, out: Path) -> list[str]:
    options = {"audio": folder, "split": "weak", "clip-seconds": 1, "jobs": 1}
    options |= {"manifest": out / "m.tsv", "corpus": out / "c.h5"}
    return [f"--{name}={value}" for name, value in options.items()]


def test_script(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = tmp_path / "list.tsv"
    listed.write_text("filename\tevent_labels\na.wav\tx\ngone.wav\ty\n")
    main([*arguments(folder, tmp_path), f"--list={listed}"])
    assert capsys.readouterr().out == "weak: 2 clips: 1 missing, 1 ok\n"


def test_a_full_disk_is_one_sentence(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Full:
        name = str(tmp_path / "c.samples.part")

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    whole = array_file.ResumableFile._write
    monkeypatch.setattr(
        array_file.ResumableFile,
        "_write",
        staticmethod(lambda stream, data: whole(Full() if b"weak" not in data else stream, data)),
    )
    with pytest.raises(SystemExit) as end:
        run(lambda: main(arguments(folder, tmp_path)))
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path}/c.samples.part: the disk is full; free some space and run the same "
        "command again.\n"
    )


def namespaces() -> bool:
    """Whether this user may mount a file system of its own."""
    if shutil.which("unshare") is None:
        return False
    mount = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not namespaces(), reason="needs user namespaces to mount a small disk")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("size=100k", "c.samples.part: the disk is full"),
        ("size=560k", "c.h5: the disk is full"),  # room for the samples once, not twice
        ("ro", "the file system is read-only"),
    ],
)
def test_a_real_full_or_read_only_disk(
    folder: Path, tmp_path: Path, root: Path, options: str, sentence: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o {options} tmpfs {disk} && exec "$@"'
    command = [sys.executable, "-m", "workflow_scripts.resample", *arguments(folder, disk)]
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "-", *command],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ") and sentence in ended.stderr
    assert ended.stderr.count("\n") == 1
