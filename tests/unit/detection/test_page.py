"""`sedlab serve`: the page shows and saves what `sedlab detect` finds, and tells nobody."""

import json
from pathlib import Path

import numpy as np
import pytest
import requests

from sed_core.data.audio_stream import stream_file
from sed_core.data.label_formats.formats import FORMATS
from sed_core.data.label_formats.labelled_events import Label, RecordingLabels
from sed_core.detection.batch import Request, pipeline
from sed_core.detection.event_tracker import EventTracker
from sed_core.detection.pipeline import Decisions
from sed_core.detection.serve_command import bound
from sed_core.detection.serve_command import main as serve
from sed_core.runtime.errors import SedError
from tests.unit.detection.conftest import served

BYTES = {"Content-Type": "application/octet-stream"}
AWKWARD = 'a "b" & <c>,\tü.wav'


@pytest.fixture(scope="module")
def address(folder):
    with served(str(folder / "model.pt"), threshold="0.45") as address:
        yield address


@pytest.fixture
def page(browser, address):
    """The page in a browser that notes what it asks for and what goes wrong."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.asked, page.wrong = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.wrong.append(said.text))
    page.goto(address)
    page.wait_for_selector("body[data-ready]")
    yield page
    page.close()


def test_scores_are_those_of_detect(address, folder):
    path = folder / "audio/long.flac"
    answer = requests.post(f"{address}/hear", data=path.read_bytes(), headers=BYTES, timeout=60)
    length = int.from_bytes(answer.content[:4], "little")
    head = json.loads(answer.content[4 : 4 + length])
    line = pipeline(Request(str(folder / "model.pt"), "student", None, Decisions("0.45"), 0, 1))
    sound = list(stream_file(path, sample_rate=16000))
    expected = np.concatenate(list(line.scores(iter(sound))))
    size = expected.nbytes
    found = np.frombuffer(answer.content[4 + length :][:size], "<f4").reshape(expected.shape)
    np.testing.assert_array_equal(found, expected)
    samples = np.frombuffer(answer.content[4 + length + size :], "<i2")
    assert head == {"sample_rate": 16000, "n_samples": len(samples), "n_frames": len(expected)}
    np.testing.assert_allclose(samples / 32768, np.concatenate(sound), atol=1e-4)


def test_who_may_send_what(folder):
    sound = (folder / "audio/long.flac").read_bytes()
    with served(str(folder / "model.pt"), largest=len(sound), longest=3) as address:

        def sent(data: bytes, **headers: str) -> tuple[int, str]:
            answer = requests.post(
                f"{address}/hear", data=data, headers={**BYTES, **headers}, timeout=60
            )
            return answer.status_code, answer.text

        port = address.rpartition(":")[2]
        assert sent(b"no sound")[0] == 422
        assert "cannot be used as audio" in sent(b"no sound")[1]
        assert sent(sound) == (422, sent(sound)[1])
        assert "longer than 0.05 minutes" in sent(sound)[1]
        assert sent(sound + b"more")[0] == 413
        assert "use `sedlab detect`" in sent(sound + b"more")[1]
        assert sent(b"", **{"Content-Type": "text/plain"})[0] == 415
        assert sent(b"", Origin="http://elsewhere.org")[0] == 403
        assert sent(b"no sound", Origin=address)[0] == 422
        assert sent(b"", Host=f"elsewhere.org:{port}")[0] == 400
        for path in ("/../serve_command.py", "/%2e%2e/serve_command.py", "/page/app.js"):
            assert requests.get(address + path, timeout=60).status_code == 404
        assert "default-src 'none'" in requests.get(address, timeout=60).text


def test_a_port_that_is_taken(folder):
    with bound(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SedError, match=f"port {port} cannot be used"):
            serve([f"--model={folder / 'model.pt'}", "--gpus=0", "--threads=1", f"--port={port}"])


def test_the_page_shows_and_saves_what_detect_finds(page, address, folder, tmp_path):
    sound = folder / "audio/long.flac"
    page.set_input_files("#file", sound)
    page.wait_for_selector("#result:not([hidden])")
    rows = page.locator("#events tbody tr")
    line = pipeline(Request(str(folder / "model.pt"), "student", None, Decisions("0.48"), 0, 1))
    blocks = list(stream_file(sound, sample_rate=16000))
    labels, seconds = line.events(blocks), sum(map(len, blocks)) / 16000
    page.fill("#all", "0.48")
    assert 0 < rows.count() == len(labels)
    for name, form in FORMATS.items():
        page.select_option("#format", name)
        with page.expect_download() as waiting:
            page.click("#save")
        saved = Path(waiting.value.path()).read_text(encoding="utf-8")
        assert waiting.value.suggested_filename == f"long{form.suffix}"
        assert saved == "".join(form.write([RecordingLabels(sound.name, labels, seconds)])), name
    assert all(url.startswith((address, "blob:", "data:")) for url in page.asked)
    assert page.wrong == []


def test_the_page_by_keyboard_at_two_widths(page, folder):
    page.set_input_files("#file", folder / "audio/long.flac")
    page.wait_for_selector("#result:not([hidden])")
    time = page.locator("#seek")
    time.focus()
    steps = {"ArrowRight": "0.10", "Shift+ArrowRight": "1.10", "ArrowLeft": "1.00", "Home": "0.00"}
    for key, expected in steps.items():
        page.keyboard.press(key)
        page.wait_for_selector(f"#seek[aria-valuenow='{expected}']")
    page.keyboard.press("Space")
    page.wait_for_selector("#play:text-is('Pause')")
    page.keyboard.press("Space")
    page.wait_for_selector("#play:text-is('Play')")
    slider = page.locator("#lanes input").first
    slider.focus()
    page.keyboard.press("Home")
    assert page.locator("#lanes output").first.text_content() == "0.00"
    page.click("#closer")
    page.wait_for_selector("#scroll:not([hidden])")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#spectrogram").bounding_box()["width"] > 300
    assert page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter((one) => "
        "!(one.labels?.length || one.ariaLabel || one.textContent.trim())).length"
    ) == 0  # fmt: skip
    assert page.wrong == []


def test_a_file_that_is_no_sound_is_a_sentence(page, folder):
    page.set_input_files("#file", {"name": "x.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    page.wait_for_selector("#problem:not(:empty)")
    assert "This file cannot be used as audio" in page.text_content("#problem")
    large = {"name": "x.wav", "mimeType": "audio/wav", "buffer": bytes(1_000_001)}
    page.set_input_files("#file", large)
    page.wait_for_selector("#problem:has-text('larger than 1 MB')")


def random_scores(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(np.convolve(rng.random(602), np.ones(3) / 3, "valid"), 3).astype(np.float32)


@pytest.mark.parametrize(("merge_gap", "min_length"), [(0, 0), (0.128, 0), (0.2, 0.2), (9, 0.1)])
def test_decoding_in_the_page_is_that_of_python(page, merge_gap, min_length):
    classes, thresholds = ["b", "a", 'c "1", d'], [0.5, 0.55, 0.35]
    scores = random_scores(0).reshape(200, 3)
    tracker = EventTracker(classes, np.array(thresholds), 0.064, merge_gap, min_length)
    labels = sorted(
        [*tracker.add(scores), *tracker.finish()], key=lambda one: (one.onset, one.offset, one.name)
    )
    written = page.evaluate(
        """async ([scores, classes, thresholds, mergeGap, minLength, filename]) => {
          const { events } = await import("./decode.js");
          const { FORMATS } = await import("./label_formats.js");
          const decisions = { thresholds, mergeGap, minLength };
          const found = events(Float32Array.from(scores), classes, 0.064, decisions);
          const labels = found.map((one) => ({ ...one, name: classes[one.label] }));
          const texts = Object.entries(FORMATS).map(([name, { write }]) =>
            [name, write({ filename, duration: 12.8, labels })]);
          return [found.map((one) => Object.values(one)), Object.fromEntries(texts)];
        }""",
        [scores.ravel().tolist(), classes, thresholds, merge_gap, min_length, AWKWARD],
    )
    found = [(on, off, classes[label], mean, peak) for on, off, label, mean, peak in written[0]]
    assert found == [(one.onset, one.offset, one.name, one.mean, one.peak) for one in labels]
    assert len(found) > 2
    recording = RecordingLabels(AWKWARD, labels, 12.8)
    for name, text in written[1].items():
        assert text == "".join(FORMATS[name].write([recording])), name


def test_formats_without_events_or_with_overlaps_and_halves(page):
    overlapping = [Label(0.0, 1.5, "Dog", 0.5, 0.03125), Label(1.0, 2.0, "Dog", 0.00005, 1.0)]
    for labels in ([], overlapping):
        recording = RecordingLabels("é.mp3", labels, 3.0)
        texts = page.evaluate(
            """async (recording) => {
              const { FORMATS } = await import("./label_formats.js");
              return Object.entries(FORMATS).map(([name, { write }]) => [name, write(recording)]);
            }""",
            {
                "filename": recording.filename,
                "duration": recording.duration,
                "labels": [vars(label) for label in labels],
            },
        )
        assert {name for name, _ in texts} == set(FORMATS)
        for name, text in texts:
            assert text == "".join(FORMATS[name].write([recording])), name
