"""Train one system with one seed; an interrupted training continues where it stopped."""

import argparse
from pathlib import Path

from sed_core.config.system import System
from sed_core.runtime.cli import run
from sed_core.runtime.device import prepare


def main(argv: list[str] | None = None) -> None:
    """Parse arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", type=Path, required=True, help="system.json")
    parser.add_argument("--data", type=Path, required=True, help="folder with audio16k and truth")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder to resume from")
    parser.add_argument("--start", type=Path, help="networks or last.ckpt to start from")
    parser.add_argument("--pseudo-labels", type=Path, help="folder of labels from other systems")
    parser.add_argument("--model", type=Path, required=True, help="output: student and teacher")
    parser.add_argument("--history", type=Path, required=True, help="output: CSV, a row an epoch")
    parser.add_argument("--provenance", type=Path, required=True, help="output: JSON")
    parser.add_argument("--energy", type=Path, required=True, help="output: energy record")
    parser.add_argument("--kwh", type=Path, required=True, help="output: total kWh as text")
    parser.add_argument("--gpus", type=int, default=1, help="GPUs to use; 0 for the CPU")
    parser.add_argument("--devices", type=int, help="processes; default: one, or one per GPU")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--min-coverage", type=float, default=0.0, help="share of clips, 0..1")
    args = parser.parse_args(argv)
    prepare(gpus=args.gpus, threads=args.threads)

    from sed_core.energy.energy_record import write_energy
    from sed_core.energy.meter import EnergyMeter  # after the GPU has been chosen
    from sed_core.runtime.device import is_helper, torch_devices
    from sed_core.training.fit import fit
    from sed_core.training.training_job import TrainingJob

    system = System.read(args.system)
    devices = args.devices or torch_devices()
    place = (args.data, args.seed, args.checkpoints)
    job = TrainingJob(system, *place, devices, args.min_coverage, args.start, args.pseudo_labels)
    log_folder = args.history.parent
    if is_helper():  # the first process measures and writes for all
        fit(job, log_folder=log_folder, on_save=lambda: None)
        return
    with EnergyMeter("training", args.kwh.parent, journal=job.checkpoint.parent) as meter:
        outcome = fit(
            job,
            log_folder=log_folder,
            on_save=meter.flush,
            validating=lambda: meter.phase("validation"),
        )
    outcome.write(job, model=args.model, history=args.history, provenance=args.provenance)
    work = {"steps": int(outcome.history[-1]["step"])}
    record = meter.record(system=system.name, seed=args.seed, work=work)
    write_energy(record, args.energy, args.kwh)


if __name__ == "__main__":
    run(main)
