"""Models that are ready: by name, fetched once into a cache, or files of one's own."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from sed_core.detection.listener import Listener, system_listener, yamnet_listener
from sed_core.detection.package import package_listener
from sed_core.features.embeddings.encoder_weights import load_encoder, obtain_weights
from sed_core.features.embeddings.yamnet import YAMNet
from sed_core.inference.recordings import load_predictor
from sed_core.runtime.errors import SedError

YAMNET_CLASSES = Path(__file__).parents[1] / "features/embeddings/yamnet_classes.json"
CACHE = "SEDLAB_CACHE"


@dataclass(frozen=True)
class ReadyModel:
    """A model that has a name.

    Attributes:
        file: in the cache.
        urls, checksum, size: of what is fetched; bytes.
        n_classes: how many classes it has.
        licence: of the weights.
        purpose: what it is good for.
    """

    file: str
    urls: tuple[str, ...]
    checksum: str
    size: int
    n_classes: int
    licence: str
    purpose: str

    @property
    def path(self) -> Path:
        """Where its file is, or goes."""
        return cache() / self.file


MODELS: Mapping[str, ReadyModel] = {
    "yamnet": ReadyModel(
        file="yamnet.h5",
        urls=("https://storage.googleapis.com/audioset/yamnet.h5",),
        checksum="sha256:13c3308955bbfaef262f175ac9c40e47b134573a93984f009220dd7cc12a1744",
        size=15_296_092,
        n_classes=521,
        licence="Apache-2.0",
        purpose="everyday sounds (AudioSet), coarse borders, runs on anything",
    ),
}
DEFAULT = "yamnet"


def cache() -> Path:
    """Folder of fetched models: SEDLAB_CACHE, else `sedlab` in the user's cache."""
    if folder := os.environ.get(CACHE):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sedlab"


def load_listener(
    model: str,
    device: torch.device,
    *,
    network: str = "student",
    weights: Path | None = None,
    live: bool = False,
) -> Listener:
    """A model by its name or its file.

    Args:
        model: key of `MODELS`, a `model.pt` of the workflow, a public 2022 `.ckpt`, or the folder
            of a package.
        device: that computes.
        network: of a trained system, student or teacher.
        weights: file of a named model (in place of the fetched one), or of the pretrained network
            that a system fuses.
        live: hear as soon as possible, not many windows at a time.

    Raises:
        SedError: no such model, or a file that is none.
    """
    if model in MODELS:
        encoder = load_yamnet(weights)
        return yamnet_listener(encoder, yamnet_classes(), device, patches=1 if live else 64)
    if not Path(model).exists():
        raise SedError(
            f"there is no model '{model}': it is neither one of {', '.join(MODELS)} (sedlab "
            "models) nor a file."
        )
    if Path(model).is_dir():
        return package_listener(Path(model), live=live)
    predictor = load_predictor(model, device, weights=weights)
    return system_listener(predictor, network, batch_size=1 if live else None)


def _fetched(model: ReadyModel) -> Path:
    """Its file, from the cache or, the first time, from the network."""
    if not model.path.is_file():
        obtain_weights(model.path, urls=model.urls, checksum=model.checksum, network="yamnet")
    return model.path


def load_yamnet(weights: Path | None = None) -> YAMNet:
    """YAMNet from a file, or from the cache, where it is fetched to the first time.

    Raises:
        SedError: the file is another one.
    """
    path = weights or _fetched(MODELS["yamnet"])
    encoder = load_encoder("yamnet", path)
    assert isinstance(encoder, YAMNet)
    if encoder.logits.out_features != len(yamnet_classes()):
        raise SedError(
            f"{path} tells {encoder.logits.out_features} classes apart; expected AudioSet's "
            f"{len(yamnet_classes())}, so give the published file."
        )
    return encoder


def yamnet_classes() -> list[str]:
    """Names of AudioSet's 521 classes in YAMNet's order."""
    return json.loads(YAMNET_CLASSES.read_text(encoding="utf-8"))
