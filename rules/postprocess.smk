"""Rows without a training of their own: post-processing variants and ensembles.

In:  scores of trained systems; to tune on, scores and annotations of a split that is not reported.
Out: score files, provenance and energy in the place where a trained system has them.
"""


wildcard_constraints:
    variant=one_of(PLAN.kind("variant")),
    ensemble=one_of(PLAN.kind("ensemble")),


rule tune:
    """Choose the post-processing {wildcards.variant} for each class, on validation data."""
    input:
        scores=lambda wildcards: FILES.of_base(
            wildcards.variant,
            f"seed{wildcards.seed}/{PLAN.tuning_split(wildcards.variant)}_scores.h5",
        ),
        truth=lambda wildcards: f"<data>/truth/{PLAN.tuning_split(wildcards.variant)}.tsv",
        durations=lambda wildcards: f"<data>/truth/{PLAN.tuning_split(wildcards.variant)}_durations.tsv",
        provenance=lambda wildcards: FILES.provenance(
            ROWS[wildcards.variant].members[0], wildcards.seed
        ),
    output:
        choice="<results>/{variant}/seed{seed}/postprocessing.json",
        provenance="<results>/{variant}/seed{seed}/provenance.json",
    log:
        "<logs>/tune/{variant}/seed{seed}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        job=lambda wildcards: PLAN.tuning_job(wildcards.variant),
        code=code_version("workflow_scripts/tune.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/tune.py --scores {input.scores:q}'
        " --truth {input.truth:q} --durations {input.durations:q} --job {params.job:q}"
        " --provenance {input.provenance:q}"
        " --output {output.choice:q} --provenance-output {output.provenance:q} > {log:q} 2>&1"


rule postprocess:
    """Decode the stored scores on {wildcards.split} as {wildcards.variant} does."""
    input:
        scores=lambda wildcards: FILES.of_base(
            wildcards.variant, f"seed{wildcards.seed}/{wildcards.split}_scores.h5"
        ),
        choice="<results>/{variant}/seed{seed}/postprocessing.json",
    output:
        scores="<results>/{variant}/seed{seed}/{split}_scores.h5",
    log:
        "<logs>/postprocess/{variant}/seed{seed}_{split}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=4000,
        runtime="10m",
    params:
        code=code_version("workflow_scripts/postprocess.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/postprocess.py --scores {input.scores:q}'
        " --choice {input.choice:q} --output {output.scores:q} > {log:q} 2>&1"


rule ensemble:
    """Average the scores of the members of {wildcards.ensemble} on {wildcards.split}."""
    input:
        lambda wildcards: FILES.of_members(
            wildcards.ensemble, f"{wildcards.split}_scores.h5"
        ),
    output:
        "<results>/{ensemble}/seed0/{split}_scores.h5",
    log:
        "<logs>/ensemble/{ensemble}_{split}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        code=code_version("workflow_scripts/ensemble.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/ensemble.py {input:q} --output {output:q}'
        " > {log:q} 2>&1"


rule ensemble_energy:
    """Energy of {wildcards.ensemble} in stage {wildcards.stage}: the sum over its members."""
    input:
        lambda wildcards: FILES.of_members(
            wildcards.ensemble, f"{wildcards.stage}.energy.json"
        ),
    output:
        energy="<results>/{ensemble}/seed0/{stage}.energy.json",
        kwh="<results>/{ensemble}/seed0/{stage}_codecarbon/{stage}_tot_kwh.txt",
    log:
        "<logs>/ensemble_energy/{ensemble}_{stage}.log",
    wildcard_constraints:
        stage=one_of(["training", *DATASET["splits"]]),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        code=code_version("workflow_scripts/ensemble_energy.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/ensemble_energy.py {input:q} --name {wildcards.ensemble}'
        " --energy {output.energy:q} --kwh {output.kwh:q} > {log:q} 2>&1"
