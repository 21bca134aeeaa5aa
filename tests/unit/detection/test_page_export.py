"""The page as static files: the model in the browser hears what it hears in Python."""

import functools
import hashlib
import http.server
import io
import json
import shutil
import tarfile
import threading

import numpy as np
import pytest
import soundfile as sf

from sed_core.data.labels import FrameGrid
from sed_core.detection import page_files, page_runtime
from sed_core.detection.batch import Request, pipeline
from sed_core.detection.page_export import hearing
from sed_core.detection.pipeline import Decisions
from sed_core.detection.serve_command import main as serve
from sed_core.features.embeddings.stored_windows import SPARE
from sed_core.inference.recordings import hear_windows
from sed_core.inference.windows import Windows
from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import median_filter
from tests.unit.detection.conftest import RATE, long_sound


@pytest.fixture
def shown(browser, tmp_path):
    """A page at a server of files: shown(folder)."""
    open_ = []

    def show(folder):
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
        handler.log_message = lambda *_: None
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        open_.extend([(page.close, ()), (server.shutdown, ()), (server.server_close, ())])
        return page

    yield show
    for close, words in open_:
        close(*words)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """What npm gives, with other content; and a cache of its own."""
    monkeypatch.setenv("SEDLAB_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "package/dist"
    folder.mkdir(parents=True)
    files = {}
    for name in page_runtime.FILES:
        (folder / name).write_text(f"// {name}\n")
        content = (folder / name).read_bytes()
        files[name] = (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}")
    monkeypatch.setattr(page_runtime, "FILES", files)
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        archive.add(folder.parent, "package")
    return tmp_path / "package.tgz"


def test_a_folder_of_files(folder, package, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page"
    words = [f"--model={folder / 'model.pt'}", "--gpus=0", "--threads=1", f"--export={page}"]
    serve([*words, f"--onnxruntime-web={package}"])
    assert f"The page is in {page}" in capsys.readouterr().out
    names = {str(path.relative_to(page)) for path in page.rglob("*") if path.is_file()}
    assert {"index.html", "app.js", "page.json", "model.onnx"} < names
    assert {f"onnxruntime-web/{name}" for name in page_runtime.FILES} < names
    told = json.loads((page / "page.json").read_text())
    assert told["backend"] == "browser" and told["hearing"]["kind"] == "windows"
    with pytest.raises(SedError, match="no quiet gate"):
        serve([*words, "--quiet=-60"])


def test_the_runtime_from_a_mirror_or_a_package(package, tmp_path, monkeypatch, mirror):
    address, root = mirror
    monkeypatch.setattr(page_runtime, "ADDRESSES", (address,))
    dist = root / f"onnxruntime-web@{page_runtime.VERSION}/dist"
    dist.mkdir(parents=True)
    for name in page_runtime.FILES:
        (dist / name).write_text(f"// {name}\n")
    paths = page_runtime.runtime_files()
    assert [path.read_text() for path in paths] == [f"// {path.name}\n" for path in paths]
    (tmp_path / "other.tgz").write_bytes(b"no archive")
    with pytest.raises(SedError, match="is not the npm package"):
        page_runtime.runtime_files(tmp_path / "other.tgz")


@pytest.fixture
def mirror(tmp_path):
    root = tmp_path / "mirror"
    root.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}", root
        server.shutdown()


SLOW_RUNTIME = """
export const env = { wasm: {} };
export class Tensor { constructor(type, data) { this.data = data; } }
const run = async ({ waveform: { data } }) => {
  await new Promise((done) => setTimeout(done, 20));
  return { scores: { data: new Float32Array((data.length - 240) / 160).fill(data[0]) } };
};
export const InferenceSession = { create: async () => ({ outputNames: ["scores"], run }) };
"""
HEAR_TWO = """async ([sounds, about]) => {
  const { hear } = await import("./browser_backend.js");
  const [long, short] = sounds.map((sound) => new File([new Uint8Array(sound)], "x.wav"));
  let first = "nothing";
  await new Promise((begun) => {
    hear(long, about, begun).then(() => (first = "scores"));
  });
  const { scores } = await hear(short, about, () => {});
  await new Promise((done) => setTimeout(done, 100));
  return [first, [...scores]];
}"""


def test_a_second_recording_takes_the_place_of_one_that_is_still_heard(shown, tmp_path):
    folder = shutil.copytree(page_files.FOLDER, tmp_path / "page")
    (folder / "onnxruntime-web").mkdir()
    (folder / "onnxruntime-web/ort.wasm.bundle.min.mjs").write_text(SLOW_RUNTIME)
    hearing = {"kind": "patches", "hop": 160, "patch": 400, "before": 0, "of": 1}
    about = {"sample_rate": RATE, "limits": {"bytes": 1e6, "seconds": 60}}
    about["hearing"] = hearing | {"columns": [0], "medians": [1]}
    sounds = []
    for seconds, level in ((10, 0.25), (0.1, 0.75)):
        file = io.BytesIO()
        sf.write(file, np.full(int(seconds * RATE), level), RATE, format="WAV", subtype="FLOAT")
        sounds.append([*file.getvalue()])
    first, scores = shown(folder).evaluate(HEAR_TWO, [sounds, about])
    assert first == "nothing"
    assert scores == [0.75] * 10


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("join", ["centre", "mean", "maximum"])
def test_windows_in_the_page_are_those_of_python(shown, folder, join, stored):
    line = pipeline(Request(str(folder / "model.pt"), "student", None, Decisions(), 0, 1))
    told = hearing(line)
    grid: FrameGrid = line.listener.windows.grid
    windows = Windows(grid, join, 0.4, stored)
    told |= {"join": join, "step": windows.step, "spare": SPARE if stored else None}
    told |= {"of": 2, "columns": [1, 0], "medians": [3, 8]}
    page = shown(page_files.FOLDER)
    for seconds in (0.3, 1.0, 1.005, 3.37):
        sound = long_sound(seconds)

        def score(batch):
            strong = np.stack([batch[:, : grid.n_frames], batch[:, 1 : grid.n_frames + 1]], 2)
            return np.abs(strong) % 1, np.zeros((len(batch), 2), np.float32)

        pieces = hear_windows(score, windows, [sound], batch_size=2)
        expected = np.concatenate([piece.strong for piece in pieces])[:, [1, 0]]
        expected = median_filter(expected[None].astype(np.float32), [3, 8])[0]
        found = page.evaluate(
            """async ([samples, hearing]) => {
              const { scoresOf } = await import("./hearing.js");
              const run = async (piece) => Float32Array.from({ length: 2 * hearing.frames },
                (_, i) => Math.abs(piece[(i >> 1) + (i % 2)]) % 1);
              return [...await scoresOf(run, Float32Array.from(samples), hearing)];
            }""",
            [sound.tolist(), told],
        )
        np.testing.assert_allclose(np.reshape(found, (-1, 2)), expected, atol=1e-6)


def test_the_model_in_the_browser(shown, folder, tmp_path, monkeypatch):
    """Where onnxruntime-web is in the cache or can be had by npm: else a skip."""
    monkeypatch.setattr(page_runtime, "ADDRESSES", ())  # nobody is waited for
    try:
        page_runtime.runtime_files()
    except SedError as error:
        pytest.skip(str(error)[:150])
    words = ["--gpus=0", "--threads=1", "--threshold=0.48", f"--export={tmp_path}"]
    serve([f"--model={folder / 'model.pt'}", *words])
    page = shown(tmp_path)
    page.wait_for_selector("body[data-ready]")
    line = pipeline(Request(str(folder / "model.pt"), "student", None, Decisions("0.48"), 0, 1))
    sound = np.round(long_sound(5.3) * 32768).clip(-32768, 32767) / 32768
    expected = np.concatenate(list(line.scores([sound.astype(np.float32)])))
    encoded = io.BytesIO()
    sf.write(encoded, sound, RATE, subtype="PCM_16", format="WAV")
    found = page.evaluate(
        """async (content) => {
          const about = await (await fetch("page.json")).json();
          const { hear } = await import("./browser_backend.js");
          const file = new File([Uint8Array.from(content)], "a.wav");
          return [...(await hear(file, about, () => {})).scores];
        }""",
        list(encoded.getvalue()),
    )
    np.testing.assert_allclose(np.reshape(found, expected.shape), expected, atol=1e-4)
