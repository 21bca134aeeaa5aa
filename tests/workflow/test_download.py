"""DESED fetched from a server on this machine by the workflow itself, clips gone included."""

import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from tests.servers.flaky import Fault, Flaky
from tests.workflow_runner import ROOT, Clone

pytestmark = pytest.mark.slow

CLASSES = yaml.safe_load((ROOT / "config.yaml").read_text())["datasets"]["desed"]["classes"]
RATE = 44_100
GONE, LATE = "Yvalidation3_0.000_10.000.wav", "Yvalidation5_0.000_10.000.wav"
LOST = "Yweak______9_0.000_10.000.wav"


def names(folder: str, count: int) -> list[str]:
    """Clips as AudioSet names them; ids have 11 characters."""
    return [f"Y{folder[:10]:_<10}{n}_0.000_10.000.wav" for n in range(count)]


CLIPS = {
    "weak": names("weak", 10),
    "unlabel_in_domain": names("unlabelled", 4),
    "validation": names("validation", 6),
}
SYNTHETIC = {"train": 4, "validation": 4}


def sound(seed: int, kind: str) -> bytes:
    """Ten seconds of noise with a loud stretch in the middle."""
    samples = np.random.default_rng(seed).normal(0, 0.01, 10 * RATE)
    samples[3 * RATE : 6 * RATE] *= 10
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=kind)
    return file.getvalue()


def strong(clips: list[str]) -> str:
    """Annotations with an event of another class in each clip."""
    rows = [f"{name}\t3.000\t6.000\t{CLASSES[n % 10]}\n" for n, name in enumerate(clips)]
    return "".join(["filename\tonset\toffset\tevent_label\n", *rows])


def metadata() -> bytes:
    """The archive with the lists of real clips."""
    weak = [f"{name}\t{CLASSES[n]}\n" for n, name in enumerate(CLIPS["weak"])]
    tables = {
        "train/weak.tsv": "".join(["filename\tevent_labels\n", *weak]),
        "train/unlabel_in_domain.tsv": "\n".join(["filename", *CLIPS["unlabel_in_domain"], ""]),
        "validation/validation.tsv": strong(CLIPS["validation"]),
    }
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in tables.items():
            entry = tarfile.TarInfo(f"metadata/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return file.getvalue()


def synthetic() -> bytes:
    """The archive with synthetic soundscapes, below `dcase_synth` as published."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part, count in SYNTHETIC.items():
            clips = [f"{n}.wav" for n in range(count)]
            place = f"{part}/synthetic21_{part}/soundscapes"
            archive.writestr(f"dcase_synth/metadata/{place}.tsv", strong(clips))
            for n, name in enumerate(clips):
                archive.writestr(f"dcase_synth/audio/{place}/{name}", sound(n, "WAV"))
    return file.getvalue()


def evaluation() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("0.wav", sound(7, "WAV"))
    return file.getvalue()


@pytest.fixture(scope="module")
def server():
    flaky = Flaky()
    flaky.add("/metadata.tar.gz", metadata(), etag='"m"', faults=[Fault(cut_after=200)])
    flaky.add("/dcase_synth.zip", synthetic(), etag='"s"', faults=[Fault(status=503)])
    flaky.add("/eval21.zip", evaluation())
    for clips in CLIPS.values():
        for n, name in enumerate(clips):
            if name not in (GONE, LATE, LOST):
                flaky.add(f"/watch/{name[1:12]}.flac", sound(n, "FLAC"), kind="audio/flac")
    flaky.add(f"/watch/{LATE[1:12]}.flac", always=Fault(status=500))
    yield flaky
    flaky.close()


@pytest.fixture(scope="module")
def clone(tmp_path_factory, server) -> Clone:
    made = Clone.make(tmp_path_factory.mktemp("download"), own_code=False)
    sources = {
        "remotes": {
            "metadata": {"urls": [f"{server.url}/metadata.tar.gz"]},
            "synth": {"urls": [f"{server.url}/dcase_synth.zip"]},
            "eval21": {"urls": [f"{server.url}/eval21.zip"]},
        },
        "clips": {
            "urls": [server.url + "/watch/{id}.flac"],
            "attempts": 1,
            "interval": 0.0,
            "backoff": 0.01,
            "options": {"retries": 0, "socket_timeout": 3, "proxy": ""},
        },
    }
    (made.folder / "sources.yaml").write_text(yaml.safe_dump(sources))
    smoke = yaml.safe_load((ROOT / "configs/smoke.yaml").read_text())["defaults"]
    small = yaml.safe_load((ROOT / "configs/mini.yaml").read_text())["defaults"]
    small["training"] |= smoke["training"]
    small["net"] |= smoke["net"]
    config = {
        "datasets": {"desed": {"sources": "sources.yaml"}},
        "defaults": {**small, "scoring": {"bootstrap": 20}},
        "targets": ["crnn"],
        "postprocessing": {"cw-median": {"systems": []}, "sebbs": {"systems": []}},
    }
    return made.override("local.yaml", config)


def run(clone: Clone, *words: str):
    return clone.run("--quiet", "rules", *words, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")


def missing(clone: Clone, folder: str) -> dict[str, str]:
    """filename -> reason."""
    text = (clone.folder / f"missing_files/missing_files_{folder}.tsv").read_text()
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return {name: reason for name, _, reason in rows}


def scores(clone: Clone) -> dict:
    return json.loads((clone.folder / "results/crnn/devtest_psds.json").read_text())


def test_download_train_score_and_say_what_is_missing(clone, server):
    bound = clone.override("bound.yaml", {"defaults": {"data": {"min_coverage": 0.95}}})
    done = run(bound, "--", "desed_real", "desed_synth")
    assert done.returncode == 0, done.stdout[-5000:]
    refused = bound.run(NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")  # --quiet hides failed logs
    assert refused.returncode != 0
    assert "weak.tsv: 1 of 10 clips are missing or unusable" in refused.stdout
    assert "data.min_coverage asks for 95.0%" in refused.stdout
    assert missing(clone, "validation") == {GONE: "removed", LATE: "network"}
    assert missing(clone, "weak") == {LOST: "removed"}

    loose = clone.override("loose.yaml", {"defaults": {"data": {"min_coverage": 0.5}}})
    server.log.clear()
    done = run(loose)
    assert done.returncode == 0, done.stdout[-5000:]
    seen = {path for _, path, _ in server.log}
    assert seen <= {"/eval21.zip"}, "what is there was asked for again"
    assert scores(clone)["coverage"]["devtest"] == {"present": 4, "expected": 6}
    for file in ("tables/scores.md", "report.html"):
        assert "4 of 6" in (clone.folder / "results" / file).read_text(), file


def test_next_try_asks_for_the_rest_only_and_redoes_what_depends_on_it(clone, server):
    loose = clone.override("loose.yaml", {"defaults": {"data": {"min_coverage": 0.5}}})
    server.add(f"/watch/{LATE[1:12]}.flac", sound(5, "FLAC"), kind="audio/flac")
    server.log.clear()
    done = run(loose, "--forcerun", "download_clips", "--", "desed_real")
    assert done.returncode == 0, done.stdout[-3000:]
    assert {path for _, path, _ in server.log} == {f"/watch/{LATE[1:12]}.flac"}
    assert missing(clone, "validation") == {GONE: "removed"}

    by_hand = clone.folder / "data/desed/source/audio/validation/validation" / GONE
    by_hand.write_bytes(sound(3, "WAV"))
    plan = loose.run("-n", "--quiet", "rules").stdout
    assert loose.planned() >= {"adopt", "resample", "predict", "score", "report"}
    assert "train" not in loose.planned(), plan
    done = run(loose)
    assert done.returncode == 0, done.stdout[-3000:]
    assert scores(clone)["coverage"]["devtest"] == {"present": 6, "expected": 6}


def test_nothing_lies_outside_its_folder(clone):
    made = {path.name for path in clone.folder.iterdir()}
    assert {"data", "results", "missing_files"} <= made
    assert not list(Path(clone.folder).rglob("*.part"))
