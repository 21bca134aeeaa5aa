"""Reading the tensors of an HDF5 file of foreign origin, such as Keras writes."""

from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from sed_core.features.safe_load import reason
from sed_core.runtime.errors import SedError

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path: str | Path) -> bool:
    """Whether a file begins like HDF5."""
    with Path(path).open("rb") as stream:
        return stream.read(len(SIGNATURE)) == SIGNATURE


def read_hdf5(path: str | Path) -> dict[str, Tensor]:
    """All datasets of float32 by their paths; empty groups and attributes are ignored.

    Memory: what the file has on disk. Links to other files are not followed, and no dataset is read
    that declares more than the file holds.

    Raises:
        SedError: not a readable HDF5 file, or one that declares more than it holds.
    """
    tensors: dict[str, Tensor] = {}

    def take(name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype != np.float32:
            return
        # `external` is data in other files, a compressed dataset unfolds to more than is stored.
        if item.is_virtual or item.external or item.id.get_storage_size() < item.nbytes:
            raise SedError(
                f"{path} is refused: '{name}' declares more than is in it; get the file again."
            )
        tensors[name] = torch.from_numpy(np.array(item[()]))

    try:
        with h5py.File(path, "r") as archive:
            archive.visititems(take)
    except SedError:
        raise
    except Exception as error:  # a damaged file may cause any
        raise SedError(
            f"{path} is not a readable HDF5 file ({reason(error)}); get the file again."
        ) from error
    return tensors
