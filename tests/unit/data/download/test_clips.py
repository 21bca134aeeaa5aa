import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sed_core.data.download import clips as module
from sed_core.data.download.clips import (
    DownloadPolicy,
    Outcome,
    download_clips,
    open_failure_log,
    parse_clip,
)
from sed_core.runtime.errors import SedError
from tests.servers.flaky import Fault, Flaky

RATE = 48_000
IDS = [f"clip{n:07d}" for n in range(9)]
NAMES = [f"Y{video}_1.000_3.500.wav" for video in IDS]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Five seconds of stereo, as a site would send them; the tone of second n is 300 + 100 n Hz."""
    path = tmp_path_factory.mktemp("video") / "video.flac"
    seconds = np.arange(5 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * (300 + 100 * np.floor(seconds)) * seconds)
    soundfile.write(path, np.stack([tone, tone], axis=1), RATE)
    return path.read_bytes()


def policy(server: Flaky, **changes: object) -> DownloadPolicy:
    base = {
        "urls": (server.url + "/watch/{id}.flac",),
        "jobs": 2,
        "attempts": 2,
        "interval": 0.0,
        "backoff": 0.01,
        "longest_wait": 0.02,
        "options": {"retries": 0, "socket_timeout": 3, "proxy": ""},
    }
    return DownloadPolicy(**{**base, **changes})  # type: ignore[arg-type]


def serve(server: Flaky, number: int, body: bytes, **options: object) -> None:
    server.add(f"/watch/{IDS[number]}.flac", body, kind="audio/flac", **options)


def run(
    folder: Path, polite: DownloadPolicy, names: list[str] = NAMES, **options: object
) -> Outcome:
    return download_clips(
        names,
        folder / "weak",
        report=folder / "missing_files" / "missing_files_weak.tsv",
        failure_log=folder / "weak.journal",
        policy=polite,
        **options,  # type: ignore[arg-type]
    )


def report(folder: Path) -> dict[str, str]:
    """filename -> reason."""
    text = (folder / "missing_files" / "missing_files_weak.tsv").read_text()
    head, *rows = [line.split("\t") for line in text.splitlines()]
    assert head == ["filename", "error", "reason"]
    assert all(error for _, error, _ in rows)
    return {name: reason for name, _, reason in rows}


def asked(server: Flaky) -> set[int]:
    """Which videos were asked for since the log was emptied."""
    seen = {IDS.index(path.split("/")[-1].removesuffix(".flac")) for _, path, _ in server.log}
    server.log.clear()
    return seen


def test_yt_dlp_and_ffmpeg_make_what_is_there_and_name_what_is_not(
    server: Flaky, tmp_path: Path, video: bytes
) -> None:
    for number in (0, 1, 7):
        serve(server, number, video)  # 2 is not there at all: 404
    serve(server, 3, video, always=Fault(status=410))
    serve(server, 4, video, always=Fault(status=451))
    serve(server, 5, video, always=Fault(status=500))
    serve(server, 6, b"this is no sound" * 100)
    serve(server, 7, video, faults=[Fault(status=503)])
    serve(server, 8, video, always=Fault(cut_after=5000))
    outcome = run(tmp_path, policy(server))

    reasons = {"removed": 2, "region": 1, "network": 2, "ffmpeg": 1}
    assert outcome == Outcome(expected=9, present=3, fetched=3, reasons=reasons)
    expected = {2: "removed", 3: "removed", 4: "region", 5: "network", 6: "ffmpeg", 8: "network"}
    assert report(tmp_path) == {NAMES[number]: reason for number, reason in expected.items()}
    assert sorted(path.name for path in (tmp_path / "weak").iterdir()) == [
        NAMES[0],
        NAMES[1],
        NAMES[7],
    ]
    samples, rate = soundfile.read(tmp_path / "weak" / NAMES[0])
    assert (rate, samples.shape) == (44_100, (round(2.5 * 44_100),))
    assert soundfile.info(tmp_path / "weak" / NAMES[0]).subtype == "PCM_16"
    for second, piece in enumerate(np.split(samples[: 2 * 44_100], 2), start=1):
        peak = np.abs(np.fft.rfft(piece)).argmax()  # bins of 1 Hz
        assert peak == 300 + 100 * second
    stereo, _ = soundfile.read(tmp_path / "weak" / NAMES[0], always_2d=True)
    assert stereo.std() == pytest.approx(0.5 / np.sqrt(2), rel=0.01)

    asked(server)
    late = tmp_path / "weak" / NAMES[4]  # sent by the organisers, as flac
    soundfile.write(late.with_suffix(".flac"), samples, 44_100)
    serve(server, 5, video)
    outcome = run(tmp_path, policy(server))
    assert asked(server) == {5, 6, 8}
    assert (outcome.present, outcome.fetched) == (5, 1)
    assert set(report(tmp_path)) == {NAMES[number] for number in (2, 3, 6, 8)}

    for number in (2, 3, 6, 8):
        serve(server, number, video)
    outcome = run(tmp_path, policy(server), retry_all=True)
    assert asked(server) == {2, 3, 6, 8}
    assert outcome == Outcome(9, 9, 4, {})
    assert report(tmp_path) == {}
    assert run(tmp_path, policy(server)) == Outcome(9, 9, 0, {})
    assert asked(server) == set()


def test_second_address_is_asked_where_the_first_has_none(
    server: Flaky, tmp_path: Path, video: bytes
) -> None:
    server.add(f"/other/{IDS[0]}", video, kind="audio/flac")
    urls = (server.url + "/watch/{id}.flac", server.url + "/other/{id}")
    assert run(tmp_path, policy(server, urls=urls), NAMES[:1]).fetched == 1
    with pytest.raises(SedError, match=r"expected a template with \{id\}"):
        run(tmp_path, policy(server, urls=("http://127.0.0.1/{video}",)), NAMES)


def test_throttled_runs_pause_and_go_on(server: Flaky, tmp_path: Path, video: bytes) -> None:
    busy = Fault(status=429)
    serve(server, 0, video, faults=[busy, busy, busy])
    serve(server, 1, video)
    assert run(tmp_path, policy(server), NAMES[:2]).fetched == 2


def test_a_site_that_refuses_everything_ends_the_run(server: Flaky, tmp_path: Path) -> None:
    for number in range(9):
        serve(server, number, b"", always=Fault(status=429))
    with pytest.raises(SedError, match=r"3 clips in a row were refused \(.*429.*of 9 are still"):
        run(tmp_path, policy(server, give_up=3, jobs=1))
    assert len(server.log) < 9
    assert report(tmp_path) == dict.fromkeys(NAMES, "network")
    assert not (tmp_path / "weak" / ".part").exists()


def test_clips_that_never_come_do_not_block_a_finished_list(server: Flaky, tmp_path: Path) -> None:
    for number in range(9):
        serve(server, number, b"", always=Fault(status=403))
    polite = policy(server, give_up=3, jobs=1, attempts=1)
    tried = set()
    for _ in range(2):
        with pytest.raises(SedError, match="still to be tried"):
            run(tmp_path, polite)
        now = asked(server)
        assert not tried & now  # new ones first
        tried |= now
    outcome = run(tmp_path, polite)
    assert outcome.reasons == {"network": 9}


def test_interrupt_leaves_report_journal_and_whole_clips(
    server: Flaky, tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 5):
        serve(server, number, video)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module.FailureLog, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, policy(server, jobs=1), NAMES[:5])
    assert not (tmp_path / "weak" / ".part").exists()
    missing = report(tmp_path)
    assert NAMES[0] in missing
    assert set(NAMES[:5]) - set(missing) == {p.name for p in (tmp_path / "weak").iterdir()}
    assert run(tmp_path, policy(server), NAMES[:5]).present == 4


def test_killed_and_continued(server: Flaky, tmp_path: Path, root: Path, video: bytes) -> None:
    listing = tmp_path / "weak.tsv"
    listing.write_text("filename\tevent_labels\n" + "".join(f"{n}\tDog\n" for n in NAMES[:6]))
    sources = tmp_path / "sources.yaml"
    sources.write_text(
        f"clips:\n  urls: ['{server.url}/watch/{{id}}.flac']\n  interval: 0\n  jobs: 1\n"
        "  options: {retries: 0, proxy: ''}\n"
    )
    for number in range(1, 6):
        serve(server, number, video)

    def command(name: str) -> list[str | Path]:
        script = [sys.executable, "workflow_scripts/download_clips.py", "--list", listing]
        places = ["--folder", tmp_path / name, "--failure-log", tmp_path / f"{name}.journal"]
        return [*script, *places, "--report", tmp_path / f"{name}.tsv", "--sources", sources]

    here = {"cwd": root, "env": {**os.environ, "PYTHONPATH": str(root)}}
    process = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL, **here)
    while process.poll() is None and len(list((tmp_path / "killed").glob("*.wav"))) < 2:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -9
    server.log.clear()
    for name in ("killed", "undisturbed"):
        done = subprocess.run(command(name), **here, capture_output=True, text=True, check=True)
        assert "5 of 6 clips are there; 1 missing (1 removed)" in done.stdout
        if name == "killed":
            assert not {0, 1, 2} & asked(server)  # the first is known to be gone
    trees = [
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*")}
        for name in ("killed", "undisturbed")
    ]
    assert trees[0] == trees[1]
    assert len(trees[0]) == 5


def test_names_of_clips() -> None:
    clip = parse_clip("Y-6p32k2WUCs_0.000_10.000.wav")
    assert (clip.id, clip.start, clip.end) == ("-6p32k2WUCs", 0.0, 10.0)
    assert parse_clip("Y__p-iA312kg_70.000_80.000.wav").id == "__p-iA312kg"
    clip = parse_clip("1Ro0FgMWTUE_120_130.wav")  # public evaluation set
    assert (clip.id, clip.start, clip.end) == ("1Ro0FgMWTUE", 120.0, 130.0)
    assert parse_clip("YYZEzS-v0-vg_20_30.wav").id == "YZEzS-v0-vg"
    assert parse_clip("YZEzS-v0-vg_20_30.wav").id == "YZEzS-v0-vg"
    for bad in ("1.wav", "Yshort_0_10.wav", "Y-6p32k2WUCs_10.000_10.000.wav"):
        with pytest.raises(SedError, match="is no name of an AudioSet clip"):
            parse_clip(bad)


def test_journal_survives_a_torn_line_and_is_for_one_process(tmp_path: Path) -> None:
    path = tmp_path / "j.tsv"
    with open_failure_log(path) as failure_log:
        failure_log.add("a.wav", "gone\nfor\tever", "removed")
        with pytest.raises(SedError, match="another process"), open_failure_log(path):
            pass
    with path.open("a") as stream:
        stream.write("b.wav\ttorn")
    with open_failure_log(path) as failure_log:
        assert failure_log.failures == {"a.wav": ("gone for ever", "removed")}
        failure_log.add("c.wav", "later", "network")
    with open_failure_log(path) as failure_log:
        assert set(failure_log.failures) == {"a.wav", "c.wav"}
        assert failure_log.settled("a.wav")
        assert not failure_log.settled("c.wav")
