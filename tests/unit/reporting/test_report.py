"""The page from files, in a browser where there is one."""

import re
import shutil
import subprocess

import h5py
import numpy as np
import pytest

from sed_core.data.corpus import VERSION
from sed_core.data.manifest import write_manifest
from sed_core.runtime.files import write_json
from tests.unit.reporting.conftest import CLASSES
from workflow_scripts.report import main as report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
TRUTH = "a.wav\t1.0\t3.0\tCat\nb.wav\t0.5\t2.0\tSpeech\nb.wav\t1.0\t4.0\tDog\nc.wav\t1\t2\tDog\n"
HEARD = "Cat\t1.0\t2.9\ta.wav\nDog\t0.5\t2.0\tb.wav\n"


@pytest.fixture
def page(tmp_path, scores, energy):
    """The report of two systems on three clips of five seconds."""
    data, results = tmp_path / "data", tmp_path / "results"
    (data / "truth").mkdir(parents=True)
    (data / "audio16k").mkdir()
    header = "filename\tonset\toffset\tevent_label\n"
    (data / "truth/devtest.tsv").write_text(header + TRUTH)
    durations = "filename\tduration\n" + "".join(f"{n}.wav\t5.0\n" for n in "abc")
    (data / "truth/devtest_durations.tsv").write_text(durations)
    (data / "truth/weak.tsv").write_text("filename\tevent_labels\nx.wav\tCat,Dog\ny.wav\tDog\n")
    (data / "manifests").mkdir()
    for split, names in (("devtest", "abc"), ("weak", "xy")):
        sound = {"status": "ok", "flags": "", "duration": 5.0}
        rows = [{"filename": f"{n}.wav", "digest": n, **sound} for n in names]
        write_manifest(data / f"manifests/{split}.tsv", rows)
    with h5py.File(data / "audio16k/devtest.h5", "w") as file:
        noise = 0.1 * np.random.default_rng(0).standard_normal(3 * 80000, dtype=np.float32)
        file.create_dataset("samples", data=noise)
        file.create_dataset("offsets", data=np.arange(4) * 80000)
        file.create_dataset("filenames", data=["a.wav", "b.wav", "c.wav"])
        file.create_dataset("digests", data=["0"] * 3)
        file.attrs["version"], file.attrs["sample_rate"] = VERSION, 16000
    curve = {"efpr": [0.0, 50.0], "tpr": [0.5, 1.0]}
    scenario = {"efpr": [0.0, 50.0], "etpr": [0.5, 1.0], "per_class": {"Cat": curve}}
    for name, value in (("crnn", 0.3), ("crnn+sebbs", 0.4)):
        content = {
            **scores(name, psds1=value),
            "scenarios": {},
            "provenance": {"42": {"note": "<b>"}},
        }
        write_json(results / name / "devtest_psds.json", content)
        metrics = ("psds1_exact", "psds2_exact", "intersection_f1", "collar_f1")
        drawn = {"metrics": {m: [value - 0.1, value + 0.1] for m in metrics}}
        drawn |= {"draws": {"seed": 1}, "observed": dict.fromkeys(metrics, value)}
        write_json(results / name / "devtest_bootstrap.json", {"system": name, **drawn})
        seed = results / name / "seed42"
        write_json(seed / "devtest_roc.json", {"student": {"psds1": scenario, "psds2": scenario}})
        (seed / "devtest_events").mkdir()
        heard = "event_label\tonset\toffset\tfilename\n" + HEARD
        (seed / "devtest_events/student.tsv").write_text(heard)
    (results / "crnn/seed42/history.csv").write_text("epoch,val/obj_metric\n0,0.1\n1,0.9\n")
    for stage in ("training", "devtest"):
        write_json(results / f"{stage}.energy.json", energy(stage=stage))
    arguments = f"""--results {results} --data {data} --dataset-name mini --rows crnn crnn+sebbs
        --test devtest --splits devtest weak --strong devtest --weak weak --energy {results}/training.energy.json
        {results}/devtest.energy.json --output {tmp_path}/report.html --score-vs-energy {tmp_path}/score_vs_energy.svg"""  # noqa: E501
    report(arguments.split())
    return tmp_path / "report.html"


def test_the_page_holds_everything_and_fetches_nothing(page):
    html = page.read_text()
    sections = re.findall(r"<h2>(.*?)</h2>", html)
    assert sections == [
        "Summary", "Scores", "Classes", "Clips", "Systems", "Confusion", "Energy", "Data",
        "Provenance",
    ]  # fmt: skip
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', html)
    assert sources and all(source.startswith(("data:", "#")) for source in sources)
    assert html.count("<audio") == 3
    assert html.count("data:image/jpeg") == 3
    assert "<b>" not in html.partition("Provenance</h2>")[2]
    assert "crnn+sebbs − crnn" in html
    assert "crnn+sebbs has the highest PSDS1" in html
    assert re.search(r"</span> crnn\+sebbs, <span [^>]*#56d4f5[^>]*></span> crnn\. ", html)
    assert "a.wav, intersection F1: crnn+sebbs 100%, crnn 100%" in html
    assert "b.wav, intersection F1: crnn+sebbs 0%, crnn 0%" in html
    assert "<th>GPU busy</th>" not in html  # nobody measured it, so the column is gone
    printed = re.sub(r'<details class="screen">.*?</details>', "", html, flags=re.DOTALL)
    assert "<b>" not in printed and "&lt;b&gt;" not in printed  # provenance is not for paper
    assert "Clips of each split" in html
    assert len(html) < 4e6
    assert page.with_name("score_vs_energy.svg").read_text().count("<svg") == 1
    for label in CLASSES:
        assert f"<td>{label}</td>" in html


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_browser_opens_it_without_errors(page, tmp_path):
    """The script runs to its end, and the console stays silent."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    options += [f"--user-data-dir={tmp_path}/profile", "--enable-logging=stderr", "--v=0"]
    done = subprocess.run(
        [BROWSER, *options, "--virtual-time-budget=3000", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "CONSOLE" not in done.stderr
    assert '<html lang="en" data-ready="yes">' in done.stdout
