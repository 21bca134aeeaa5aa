import hashlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sed_core.data.download.obtain import obtain
from sed_core.data.download.remotes import read_remotes
from sed_core.data.download.resumable_http import RetryPolicy
from sed_core.runtime.errors import SedError
from tests.servers.flaky import Fault, Flaky


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


SYNTH = {
    f"dcase_synth/{kind}/{split}/synthetic21_{split}/{name}": name.encode() * 1000
    for split in ("train", "validation")
    for kind, name in (("audio", "soundscapes/1.wav"), ("metadata", "soundscapes.tsv"))
}


def record(server: Flaky, number: int, files: dict[str, bytes]) -> str:
    """Publish files as a record of a Zenodo-like site."""
    entries = []
    for name, body in files.items():
        url = server.add(f"/api/records/{number}/files/{name}/content", body)
        md5 = f"md5:{hashlib.md5(body).hexdigest()}"
        entries.append({"key": name, "size": len(body), "checksum": md5, "links": {"self": url}})
    return server.add(f"/api/records/{number}", json.dumps({"files": entries}).encode())


def sources(folder: Path, **remotes: dict) -> Path:
    path = folder / "sources.json"
    path.write_text(json.dumps({"remotes": remotes}))
    return path


def test_synthetic_archive_from_a_record_with_links(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    api = record(server, 1, {"dcase_synth.zip": zipped(SYNTH), "other.zip": b""})
    remotes = read_remotes(sources(tmp_path, synth={"urls": [server.url + "/dead"], "record": api}))
    root = tmp_path / "root"
    result = obtain(remotes["synth"], root, tmp_path / "downloads", policy=quick)
    assert (result.members, result.notes) == (4, [])
    assert result.files[0].checked == "md5"
    assert (root / "audio/train/synthetic21_train").is_symlink()
    audio = root / "audio/train/synthetic21_train/soundscapes/1.wav"
    assert audio.read_bytes() == b"soundscapes/1.wav" * 1000
    assert (root / "metadata/validation/synthetic21_validation/soundscapes.tsv").is_file()
    server.log.clear()
    assert obtain(remotes["synth"], root, tmp_path / "downloads", policy=quick).members == 4
    assert server.requests("/api/records/1/files/dcase_synth.zip/content") == []


def test_public_evaluation_set_lands_in_the_root_whatever_lies_around_it(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    files = {"dataset/audio/eval/public/a.wav": b"a", "dataset/metadata/eval/public.tsv": b"t"}
    url = server.add("/DESED_public_eval.tar.gz?download=1", tarred({**files, "LICENSE": b"l"}))
    remotes = read_remotes(sources(tmp_path, public_eval={"urls": [url]}))
    result = obtain(remotes["public_eval"], tmp_path / "root", tmp_path / "downloads", policy=quick)
    assert sorted(p.name for p in (tmp_path / "root").rglob("*") if p.is_file()) == [
        "a.wav",
        "public.tsv",
    ]
    assert (tmp_path / "root/audio/eval/public/a.wav").exists()
    assert "could not be checked" in result.notes[0]


def test_all_files_of_a_record(server: Flaky, tmp_path: Path, quick: RetryPolicy) -> None:
    api = record(server, 2, {"a.hdf5": b"a" * 9, "b.hdf5": b"b" * 9})
    remotes = read_remotes(sources(tmp_path, embeddings_panns={"record": api}))
    result = obtain(remotes["embeddings_panns"], tmp_path, tmp_path / "downloads", policy=quick)
    assert [file.path for file in result.files] == [
        tmp_path / "embeddings/a.hdf5",
        tmp_path / "embeddings/b.hdf5",
    ]


def test_wrong_pin_wrong_key_and_a_silent_record(
    server: Flaky, tmp_path: Path, quick: RetryPolicy
) -> None:
    name = read_remotes()["panns"].key
    api = record(server, 3, {name: b"weights"})
    wrong = read_remotes(sources(tmp_path, panns={"record": api, "urls": []}))["panns"]
    with pytest.raises(SedError, match=r"delivered a file that has the sha256 .* instead of e2ee"):
        obtain(wrong, tmp_path, tmp_path / "downloads", policy=quick)
    assert not (tmp_path / wrong.target).exists()
    other = read_remotes(sources(tmp_path, panns={"record": api, "key": "x.pth"}))["panns"]
    with pytest.raises(SedError, match=r"has no file 'x\.pth'; it has Cnn14_16k"):
        obtain(other, tmp_path, tmp_path / "downloads", policy=quick)
    url = server.add("/w.pth", b"weights")
    sha = hashlib.sha256(b"weights").hexdigest()
    dead = {"record": server.url + "/api/records/9", "urls": [url], "checksum": sha}
    silent = read_remotes(sources(tmp_path, panns=dead))["panns"]
    result = obtain(silent, tmp_path, tmp_path / "downloads", policy=quick)
    assert (tmp_path / silent.target).read_bytes() == b"weights"
    assert "going on without the published size" in result.notes[0]


def script(root: Path, name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, root / "workflow_scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_script_takes_a_remote_or_an_address(
    server: Flaky, tmp_path: Path, root: Path, capsys: pytest.CaptureFixture
) -> None:
    main = script(root, "download_archive").main  # type: ignore[attr-defined]
    url = server.add("/a.zip", zipped({"x/1.wav": b"sound"}))
    places = ["--root", str(tmp_path / "root"), "--downloads", str(tmp_path / "d")]
    done = tmp_path / "done.json"
    address = ["--url", server.url + "/none", "--url", url, "--target", "audio", "--unpack"]
    main([*address, *places, "--done", str(done)])
    assert (tmp_path / "root/audio/x/1.wav").read_bytes() == b"sound"
    assert "1 members unpacked" in capsys.readouterr().out
    assert json.loads(done.read_text())["members"] == 1
    with pytest.raises(SedError, match="--remote nothing is unknown; choose one of ast, check"):
        main(["--remote", "nothing", *places])


def test_killed_anywhere_and_continued(server: Flaky, tmp_path: Path, root: Path) -> None:
    rng = np.random.default_rng(0)
    body = zipped({f"audio/{n}.wav": rng.bytes(30_000) for n in range(60)})
    stalls = [Fault(cut_after=length, stall=20) for length in (200_000, 700_000, 400_000)]
    url = server.add("/a.zip", body, etag='"v1"', faults=stalls)
    checksum = f"sha256:{hashlib.sha256(body).hexdigest()}"

    def command(name: str) -> list[str | Path]:
        start = [sys.executable, "workflow_scripts/download_archive.py", "--unpack"]
        places = ["--root", tmp_path / name, "--downloads", tmp_path / f"{name}_downloads"]
        return [*start, "--url", url, "--checksum", checksum, *places]

    here = {"cwd": root, "env": {**os.environ, "PYTHONPATH": str(root)}}
    downloads = tmp_path / "killed_downloads"
    for reached in (100_000, 750_000, 1_150_000):
        process = subprocess.Popen(command("killed"), **here)  # type: ignore[call-overload]
        while process.poll() is None and all(
            path.stat().st_size < reached for path in downloads.glob("*/a.zip.part")
        ):
            time.sleep(0.005)
        process.kill()
        assert process.wait() == -9
        assert not (tmp_path / "killed").exists()
    for name in ("killed", "undisturbed"):
        subprocess.run(command(name), check=True, capture_output=True, **here)  # type: ignore[call-overload]
    ranges = server.requests("/a.zip")
    offsets = [int(wanted[6:-1]) if wanted else 0 for wanted in ranges]
    assert len(offsets) == 5
    assert 0 == offsets[0] < offsets[1] < offsets[2] < offsets[3]
    assert offsets[3] >= 1_150_000
    trees = [
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.wav")}
        for name in ("killed", "undisturbed")
    ]
    assert trees[0] == trees[1]
    assert len(trees[0]) == 60
