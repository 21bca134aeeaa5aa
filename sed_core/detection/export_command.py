"""Export a model as a package that stands alone: ONNX with the front end inside, classes, windows,
filter, thresholds and post-processing, and a clip with its events, by which it is verified.

MODEL is yamnet, a model.pt of the workflow or a public .ckpt. `sedlab detect --model FOLDER` runs
the package, with onnxruntime.
"""

import argparse
from pathlib import Path

from sed_core.runtime.cli import run
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json


def main(argv: list[str] | None = None, *, prog: str = "sedlab export") -> None:
    """Parse arguments, export, verify."""
    parser = argparse.ArgumentParser(
        prog=prog, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("model", help="see above")
    add("folder", type=Path, help="of the package, made or written over")
    add("--network", choices=["student", "teacher"], default="student")
    add("--weights", type=Path, help="file of yamnet, or of what a model.pt fuses")
    add("--tuned", type=Path, help="JSON of a tuned post-processing, such as that of crnn+sebbs")
    add("--clip", type=Path, help="recording to verify with (default: a made-up sound)")
    add("--int8", action="store_true", help="weights of 8 bits; prints what that changes")
    args = parser.parse_args(argv)
    if args.folder.exists() and not args.folder.is_dir():
        raise SedError(f"{args.folder} is a file; name a folder, which the package becomes.")
    if args.clip and not args.clip.is_file():
        raise SedError(f"{args.clip} does not exist; --clip names a recording.")

    from sed_core.detection import export
    from sed_core.detection.eight_bits import with_eight_bits
    from sed_core.detection.export_model import export_model
    from sed_core.detection.package import CLIP, MODEL, package_listener, verify
    from sed_core.detection.package_loss import loss

    target = args.folder / MODEL
    listener, content, worst = export_model(
        args.model, target, network=args.network, weights=args.weights
    )
    if args.tuned:
        listener.tuned = read_json(args.tuned)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, within {worst:.1g} of torch")
    if args.int8:
        with_eight_bits(target, target)
    export.write_package(args.folder, listener, content=content, clip=args.clip)
    if args.int8:
        mean, largest = loss(listener, package_listener(args.folder), args.folder / CLIP)
        print(
            f"{target}: {target.stat().st_size / 1e6:.1f} MB with 8 bits; scores of {CLIP} differ "
            f"by {mean:.4f} in the mean and by {largest:.4f} at most"
        )
    check = verify(args.folder)
    print(f"{args.folder}: verified by {check.events} events")


if __name__ == "__main__":
    run(main)
