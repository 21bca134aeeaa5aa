"""Make `tests/parity/reference` from the whole reference folder. By hand, from the repository:

python tests/parity/make_reference.py ../shared/reference
"""

import argparse
import io
import lzma
import shutil
from pathlib import Path

import numpy as np
import torch
from fill import filled
from packed import STEP
from subset import LIMIT, Sample, write_arrays

TARGET = Path(__file__).parent / "reference"
INPUTS = {"audio", "scaled_full", "labels", "strong", "filtered", "raw"}  # never sampled
EXACT = {"mel_filterbank", "window"}  # compared bit by bit
WHOLE = {  # all their arrays
    "decode",
    "encoder",
    "reference_crnn_eval",
    "fdy_decode",
    "fdy_network",
    "dcase2024_maestro_metrics",
}
COPIED = (
    "golden/seed.json",
    "scoring/desed2021_student/oracle.json",
    "scoring/desed2021_student/student_operating_points.tsv.xz",
    "scoring/desed2021_student/student_predictions_0.5.tsv.gz",
    "scoring/scores_good/oracle_good.json",
    "scoring/scores_good/oracle_good_1000.json",
    "scoring/scores_good/gaps_at_0.5.json",
    "scoring/scores_good/good_first100_decoded_by_recipe.tsv.gz",
    "scoring/edge_cases/oracle.json",
    "realdesed/annotations_raw.csv",
    "realdesed/annotator_scores.json",
)


def arrays(source: Path) -> dict[str, np.ndarray]:
    """What is kept of an .npz file, in the order of the original."""
    kept: dict[str, np.ndarray] = {}
    for name, array in dict(np.load(source)).items():
        whole = source.stem in WHOLE or name in INPUTS | EXACT
        if whole or array.size <= LIMIT:
            kept[name] = array
        else:
            kept |= {f"{name}#{part}": value for part, value in Sample.of(array).parts().items()}
    return kept


def frame_labels(source: Path) -> dict[str, np.ndarray]:
    """The aggregated labels, those that are 0 or 1 as bytes."""
    labels = {name: array for name, array in np.load(source).items() if "stitch/" not in name}
    hard = {name: array.astype(np.uint8) for name, array in labels.items()}
    return {
        name: hard[name] if np.array_equal(hard[name], array) else array
        for name, array in labels.items()
    }


def split_checkpoint(source: Path, target: Path) -> None:
    """Its content with empty tensors, and the weights as differences from the fill rule."""
    content = torch.load(source, weights_only=True)
    stored = {}
    for network in ("sed_student", "sed_teacher"):
        steps = []
        for key, entry in content[network].items():
            value = entry.numpy()
            if "running" in key:
                stored[f"{network}/{key}"] = value
            elif entry.is_floating_point():
                moved = value.astype(np.float64) - filled(key, value.shape, 1)
                steps.append(np.rint(moved / STEP).astype(np.int16).ravel())
                assert np.abs(moved / STEP).max() < 2**15
        stored[f"{network}/steps"] = np.concatenate(steps)
    stream = io.BytesIO()
    torch.save(emptied(content), stream)
    target.with_suffix(".layout.xz").write_bytes(lzma.compress(stream.getvalue(), preset=9))
    write_arrays(target.with_suffix(".weights.npz"), stored)


def emptied(content: object) -> object:
    """The same with one zero in place of the elements of each floating-point tensor.

    The constants of the front end stay.
    """
    if isinstance(content, torch.Tensor) and content.numel() > 1 and content.is_floating_point():
        return content.new_zeros(()).expand(content.shape)
    if isinstance(content, dict):
        for key in content:
            if not str(key).startswith("mel_spec."):
                content[key] = emptied(content[key])
    elif isinstance(content, list):
        return [emptied(item) for item in content]
    return content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference", type=Path, help="the whole reference folder")
    source = parser.parse_args().reference
    for name in COPIED:
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, TARGET / name)
    for file in source.glob("scoring/desed_metadata/*.tsv"):
        target = TARGET / file.relative_to(source)
        target.parent.mkdir(exist_ok=True)
        packed = lzma.compress(file.read_bytes(), preset=9)
        target.with_name(f"{file.name}.xz").write_bytes(packed)
    for file in (
        *source.glob("golden/*.npz"),
        *source.glob("zoo/*.npz"),
        *source.glob("scoring/scores_good/*.npz"),
    ):
        write_arrays(TARGET / file.relative_to(source), arrays(file))
    labels = frame_labels(source / "realdesed/golden.npz")
    write_arrays(TARGET / "realdesed/golden.npz", labels)
    checkpoint = TARGET / "golden/reference_crnn.ckpt"
    split_checkpoint(source / "golden/reference_crnn.ckpt", checkpoint)


if __name__ == "__main__":
    main()
