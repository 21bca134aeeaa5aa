"""The whole experiment: data, training, prediction, scores, energy, tables.

snakemake --cores all                                   everything, on DESED
snakemake --cores all --configfile configs/mini.yaml    everything, on the embedded data set
snakemake --cores all results/crnn/devtest_psds.json    one result
snakemake --cores 1 systems                             what there is to ask for
"""

from snakemake.utils import min_version

min_version("9.25")


include: "rules/home.smk"


configfile: HOME / "config.yaml"


include: "rules/module.smk"
include: "rules/lock.smk"
include: "rules/common.smk"
include: "rules/code.smk"
include: "rules/places.smk"


shell.prefix(shell_prefix())


report: "report/workflow.rst"


wildcard_constraints:
    system=one_of(SYSTEMS),
    split=one_of(DATASET["splits"]),
    seed=r"\d+",


localrules:
    all,
    systems,
    system_config,


rule all:
    """Make scores, energy, tables and plots of every system."""
    input:
        FILES.everything(),


rule systems:
    """List what there is to ask for."""
    log:
        "<logs>/systems.log",
    conda:
        "envs/sed.yaml"
    params:
        listing=list_systems(),
    shell:
        "printf '%s\\n' {params.listing:q} | tee {log:q}"


include: f"rules/source_{SOURCE.source}.smk"
include: "rules/data.smk"
include: "rules/annotators.smk"
include: "rules/pseudo_labels.smk"
include: "rules/embed.smk"
include: "rules/train.smk"
include: "rules/tune_training.smk"
include: "rules/postprocess.smk"
include: "rules/score.smk"
include: "rules/report.smk"
include: "rules/absent.smk"
