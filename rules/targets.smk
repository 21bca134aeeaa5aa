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


def say_what_there_is(wildcards):
    """For results of a system that does not exist, where Snakemake says only that no rule makes them."""
    raise WorkflowError(composition.absence(wildcards.absent, ROWS, config))
