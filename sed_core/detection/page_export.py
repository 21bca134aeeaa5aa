"""The page as a folder of static files, with a model that runs in the browser."""

import shutil
from pathlib import Path
from typing import Any

from sed_core.detection.export_model import export_model
from sed_core.detection.listener import Listener, PatchListener, SystemListener
from sed_core.detection.package import MODEL
from sed_core.detection.page_files import about_model, page_files
from sed_core.detection.page_runtime import runtime_files
from sed_core.detection.pipeline import Pipeline
from sed_core.features.embeddings.stored_windows import SPARE
from sed_core.features.embeddings.yamnet import PATCH_SAMPLES
from sed_core.inference.stitching import EDGE, SURE
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic, write_json

RUNTIME = "onnxruntime-web"


def write_page(
    folder: Path,
    line: Pipeline,
    *,
    model: str,
    network: str,
    weights: Path | None,
    limits: dict[str, int],
    runtime: Path | None,
) -> None:
    """Write all that the page needs.

    Args:
        folder: made, or written over.
        line: the model and the decisions that the page begins with.
        model, network, weights: of which `line` was made, see `models.load_listener`.
        limits: of what is taken, `bytes` and `seconds`.
        runtime: see `page_runtime.runtime_files`.

    Raises:
        SedError: the model does what the page cannot, or a file cannot be had.
    """
    about = about_model(line, Path(model).name)
    told = {**about, "backend": "browser", "limits": limits, "hearing": hearing(line)}
    if line.decisions.quiet is not None:
        raise SedError("a static page has no quiet gate; leave --quiet out.")
    for file in runtime_files(runtime):
        _copy(file, folder / RUNTIME / file.name)
    if Path(model).is_dir():
        _copy(Path(model) / MODEL, folder / MODEL)
    else:
        export_model(model, folder / MODEL, network=network, weights=weights)
    for name, (content, _) in page_files().items():
        with atomic(folder / name) as draft:
            draft.write_bytes(content)
    write_json(folder / "page.json", told, decimals=12)


def hearing(line: Pipeline) -> dict[str, Any]:
    """How a recording becomes scores, as the page's `hearing.js` does it.

    Raises:
        SedError: the model has a post-processing of whole recordings.
    """
    listener = line.listener
    if listener.tuned is not None and line.decisions.median_window is None:
        raise SedError(
            "a static page has no other post-processing than a median filter, and this model has "
            "its own; give --median-window."
        )
    window = line.median_window
    medians = window if isinstance(window, list) else [window] * len(line.classes)
    shared = {"columns": line.columns, "of": len(listener.classes), "medians": medians}
    return {**shared, **_places(listener)}


def _places(listener: Listener) -> dict[str, Any]:
    if isinstance(listener, PatchListener):
        sizes = {"hop": listener.hop, "patch": PATCH_SAMPLES, "before": listener.before}
        return {"kind": "patches", **sizes}
    assert isinstance(listener, SystemListener)
    windows = listener.windows
    return {
        "kind": "windows",
        "window": windows.grid.n_samples,
        "frame": windows.grid.frame_samples,
        "frames": windows.grid.n_frames,
        "step": windows.step,
        "spare": SPARE if windows.stored else None,
        "join": windows.join,
        "edge": EDGE,
        "sure": SURE,
    }


def _copy(source: Path, target: Path) -> None:
    with atomic(target) as draft:
        shutil.copyfile(source, draft)
