"""Files of the reference data, unpacked from the form in which the repository holds them."""

import gzip
import io
import lzma
from pathlib import Path

import numpy as np

STEP = 2.0**-24  # of the differences between a packed checkpoint's weights and the fill rule


def plain(path: Path, target: Path) -> Path:
    """The file itself if it is there; else what its packed form gives, written to `target`."""
    if path.exists():
        return path
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    for suffix, opener in ((".xz", lzma.open), (".gz", gzip.open)):
        if (packed := path.with_name(path.name + suffix)).exists():
            with opener(packed) as source:
                target.write_bytes(source.read())
            return target
    if path.suffix == ".ckpt":
        rebuild_checkpoint(path, target)
        return target
    raise FileNotFoundError(f"no {path}, neither plain nor packed")


def rebuild_checkpoint(path: Path, target: Path) -> None:
    """Write the checkpoint whose content without weights is beside `path`, and so its weights.

    A weight is what the fill rule gives for its name and shape plus a multiple of `STEP`;
    statistics of normalisation are stored as they are.
    """
    import torch  # here, for tests that need neither
    from torch.utils._pytree import tree_map

    from tests.parity.fill import filled

    with lzma.open(path.with_suffix(".layout.xz")) as stream:
        content = torch.load(io.BytesIO(stream.read()), weights_only=True)
    with np.load(path.with_suffix(".weights.npz")) as file:
        stored = dict(file)
    for network in ("sed_student", "sed_teacher"):
        steps = stored[f"{network}/steps"]
        for key, entry in content[network].items():
            shape = tuple(entry.shape)
            if f"{network}/{key}" in stored:
                value = stored[f"{network}/{key}"]
            elif entry.is_floating_point():
                part, steps = np.split(steps, [entry.numel()])
                value = filled(key, shape, 1) + np.float32(STEP) * part.reshape(shape)
            else:
                continue
            content[network][key] = torch.from_numpy(value)
            content["state_dict"][f"{network}.{key}"] = content[network][key]
        assert not len(steps)
    # The packed file repeats one stored zero where values do not matter; a checkpoint holds all.
    whole = tree_map(lambda x: x.contiguous() if isinstance(x, torch.Tensor) else x, content)
    torch.save(whole, target)
