"""Frame posteriors of a trained system on one split, and the energy they took."""

import argparse
from pathlib import Path

from sed_core.data.corpus import Corpus
from sed_core.runtime.cli import positive, run
from sed_core.runtime.device import prepare


def main(argv: list[str] | None = None) -> None:
    """Parse arguments and predict."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a trained model or checkpoint")
    parser.add_argument("--corpus", type=Path, required=True, help="16 kHz audio of the split")
    parser.add_argument("--embeddings", type=Path, help="of the split, where the system reads any")
    parser.add_argument("--split", required=True, help="name of the split")
    parser.add_argument("--stage", default="devtest", help="energy phase: devtest or evaluation")
    parser.add_argument("--seed", type=int, default=0, help="that the model was trained with")
    parser.add_argument(
        "--batch-size",
        type=positive,
        help="windows at a time (default: as many as in validation, at most 240 s of sound); "
        "another number may change the last bits of scores",
    )
    parser.add_argument("--scores", type=Path, required=True, help="output: HDF5")
    parser.add_argument("--energy", type=Path, required=True, help="output: energy record")
    parser.add_argument("--kwh", type=Path, required=True, help="output: total kWh as text")
    parser.add_argument("--gpus", type=int, default=1, help="GPUs to use; 0 for the CPU")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    args = parser.parse_args(argv)
    prepare(gpus=args.gpus, threads=args.threads)

    from sed_core.energy.energy_record import write_energy
    from sed_core.energy.meter import EnergyMeter  # after the GPU has been chosen
    from sed_core.inference.noise import false_alarms
    from sed_core.inference.predict import Predictor, predict_split
    from sed_core.models.checkpoint import load_checkpoint
    from sed_core.runtime.device import torch_device

    predictor = Predictor.from_checkpoint(load_checkpoint(args.model), torch_device())
    name = predictor.system.name
    is_test = args.stage == "devtest"
    # Beside embeddings lies the receipt of the weights that they were made with.
    receipt = args.embeddings and args.embeddings.with_name("weights.json")
    heard = false_alarms(predictor, receipt) if is_test else None
    with EnergyMeter(args.stage, args.kwh.parent) as meter:
        clip = predict_split(
            predictor,
            args.corpus,
            args.scores,
            embeddings=args.embeddings,
            batch_size=args.batch_size,
            name=f"{name} {args.split}",
            false_alarms=heard,
        )
    work = {"clips": len(Corpus.open(args.corpus).filenames)}
    record = meter.record(system=name, seed=args.seed, split=args.split, work=work)
    if is_test:  # counting takes longer than a small split, and once is enough
        record["size"] = predictor.size(*clip)
    write_energy(record, args.energy, args.kwh)


if __name__ == "__main__":
    run(main)
