import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf
import torch
import uvicorn

from sed_core.data.corpus import Corpus
from sed_core.detection.batch import Request as BatchRequest
from sed_core.detection.batch import pipeline
from sed_core.detection.page_files import about_model
from sed_core.detection.page_server import application
from sed_core.detection.pipeline import Decisions
from sed_core.detection.serve_command import bound
from sed_core.features.embeddings.yamnet import CHANNELS, YAMNet
from sed_core.models.checkpoint import save_checkpoint
from tests.made_data import names
from tests.unit.inference.conftest import data, trained  # noqa: F401 - fixtures

RATE = 16000


@pytest.fixture(scope="session")
def yamnet() -> YAMNet:
    """YAMNet with a few channels and AudioSet's classes, whose scores differ in time."""
    torch.manual_seed(0)
    encoder = YAMNet(channels=(8,) * len(CHANNELS)).eval()
    with torch.no_grad():
        for layer in encoder.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight *= 2
        encoder.logits.weight *= 20
    return encoder


@pytest.fixture(scope="session")
def weights(yamnet, tmp_path_factory):
    path = tmp_path_factory.mktemp("yamnet") / "yamnet.pt"
    torch.save(yamnet.state_dict(), path)
    return path


@pytest.fixture(scope="session")
def folder(trained, data, tmp_path_factory):  # noqa: F811
    """A model file, and recordings in nested folders."""
    folder = tmp_path_factory.mktemp("detection")
    save_checkpoint(folder / "model.pt", trained)
    save_checkpoint(folder / "old.pt", replace(trained, thresholds={}))
    (folder / "audio/deeper").mkdir(parents=True)
    corpus = Corpus.open(data / "audio16k/devtest.h5")
    for name, samples in zip(names("devtest")[:2], corpus.gather(range(2), RATE), strict=True):
        sf.write(folder / "audio/deeper" / name, samples, RATE, subtype="PCM_16")
    sf.write(folder / "audio/long.flac", long_sound(5.3), RATE, subtype="PCM_16")
    return folder


def long_sound(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    times = np.arange(int(seconds * RATE)) / RATE
    loud = 0.2 * np.sin(2 * np.pi * 900 * times) * (np.sin(2 * np.pi * 0.7 * times) > 0.3)
    return (loud + rng.normal(0, 0.01, len(times))).astype(np.float32)


@contextmanager
def chromium(*more: str):
    """Chromium of this machine, without a window; a skip where there is none."""
    path = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )
    from playwright.sync_api import sync_playwright

    if not path:
        pytest.skip("no Chromium on this machine (on Debian: apt install chromium)")
    quiet = ["--no-sandbox", "--disable-quic", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=[*quiet, *more])
        yield found
        found.close()


@pytest.fixture(scope="session")
def microphone(folder):
    """The recording that the browser's microphone hears, again and again."""
    path = folder / "microphone.wav"
    sf.write(path, long_sound(5.3), RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def browser(microphone):
    """A browser whose microphone is a file."""
    with chromium(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}",
    ) as found:
        yield found


@contextmanager
def served(
    model: str, *, largest: int = 1_000_000, longest: float = 60, **decisions
) -> Iterator[str]:
    """Address of the page for a model, from a server in this process."""
    line = pipeline(BatchRequest(model, "student", None, Decisions(**decisions), 0, 1))
    limits = {"bytes": largest, "seconds": longest}
    told = {**about_model(line, "model"), "backend": "server", "limits": limits}
    listening = bound(0)
    config = uvicorn.Config(application(line, told), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
