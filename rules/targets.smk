"""What can be asked for, and what is made when nothing is; no rules here."""

from sed_core.config.consistency import FOLDERS


def energy_files(system):
    training = [] if is_given(system) else ["training"]
    stages = [*training, *evaluated_splits(system)]
    return [
        path for stage in stages for path in seed_files(system, f"{stage}.energy.json")
    ]


def result_files():
    """The aggregated scores of every row on its test split."""
    return [
        f"<results>/{name}/{row.system['data']['test']}_psds.json"
        for name, row in TARGETS.items()
    ]


def everything():
    """What `snakemake` makes when asked for nothing in particular."""
    files = result_files() + expand(
        "<results>/tables/{table}.{kind}",
        table=["scores", "comparison", "energy"],
        kind=["md", "csv"],
    )
    files.append("<results>/report.html")
    for name in config["targets"]:
        files += [
            f"<results>/{name}/plots/{plot}.svg" for plot in ("curves", "roc", "bars")
        ]
    for name in TARGETS:
        for split in evaluated_splits(name):
            files += seed_files(name, f"{split}_events/student.tsv")
    return files


def listing():
    """What `snakemake --cores 1 systems` prints: commands that work as they are."""
    settings = workflow.config_settings
    here = Path.cwd()
    files = [
        shlex.quote(str(file.relative_to(here) if file.is_relative_to(here) else file))
        for file in settings.configfiles
    ]
    options = f" --configfile {' '.join(files)}" if files else ""
    words = [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in settings.config.items()
    ]
    options += f" --config {shlex.join(words)}" if words else ""
    lines = [
        f"data set: {config['dataset']}",
        f"splits: {', '.join(DATASET['splits'])}",
        "",
    ]
    for name, row in ROWS.items():
        test = row.system["data"]["test"]
        lines.append(
            f"{name:16s} snakemake --cores all"
            f" {shlex.quote(PATHS['results'])}/{name}/{test}_psds.json{options}"
        )
    return "\n".join(lines)


def check_targets():
    """A requested result of a system that does not exist gets the names of those that do.

    Snakemake itself would only say that no rule makes the file; what it was asked for is known
    from the command line alone while the rules are being read.
    """
    results = Path(PATHS["results"]).parts
    for word in sys.argv[1:]:
        parts = Path(word).parts
        if parts[: len(results)] != results or len(parts) < len(results) + 2:
            continue
        name = parts[len(results)]
        if name in config["systems"] and name not in ROWS:
            raise WorkflowError(systems_config.unfit(name, config))
        if name not in {*ROWS, *FOLDERS}:
            sentence = unknown_name(name, ROWS, "system")
            raise WorkflowError(f"{sentence} `make systems` lists the targets.")
