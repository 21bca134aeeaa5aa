"""Predictions of trained networks, their events and scores.

In:  student and teacher, a split's audio and annotations.
Out: frame posteriors, detected events, scores per seed and over seeds, energy of inference.
"""


rule predict:
    """Frame posteriors of both networks of {wildcards.system} on {wildcards.split}."""
    input:
        model="<results>/{system}/seed{seed}/model.pt",
        corpus="<data>/audio16k/{split}.h5",
        embeddings=lambda wildcards: EMBEDDINGS.predicted_from(
            SYSTEMS[wildcards.system], wildcards.split
        ),
    output:
        scores="<results>/{system}/seed{seed}/{split}_scores.h5",
        energy="<results>/{system}/seed{seed}/{split}.energy.json",
        kwh="<results>/{system}/seed{seed}/{split}_codecarbon/{split}_tot_kwh.txt",
    log:
        "<logs>/predict/{system}/seed{seed}_{split}.log",
    benchmark:
        "<logs>/benchmarks/predict/{system}/seed{seed}_{split}.tsv"
    conda:
        "../envs/sed.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=min(1, config["compute"]["gpus"]),
        mem_mb=1000 * config["compute"]["memory_gb"],
        runtime="2h",
    params:
        stage=lambda wildcards: PLAN.energy_stage(wildcards.system, wildcards.split),
        embeddings=lambda wildcards, input: option("embeddings", input.embeddings),
        code=system_code("workflow_scripts/predict.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/predict.py --model {input.model:q}'
        " --corpus {input.corpus:q} {params.embeddings} --split {wildcards.split} --stage {params.stage} --seed {wildcards.seed}"
        " --scores {output.scores:q} --energy {output.energy:q} --kwh {output.kwh:q} --gpus {resources.gpu}"
        " --threads {threads} > {log:q} 2>&1"


rule detect:
    """Events that {wildcards.system} hears in {wildcards.split}, at threshold 0.5."""
    input:
        scores="<results>/{system}/seed{seed}/{split}_scores.h5",
    output:
        student="<results>/{system}/seed{seed}/{split}_events/student.tsv",
        teacher="<results>/{system}/seed{seed}/{split}_events/teacher.tsv",
    log:
        "<logs>/detect/{system}/seed{seed}_{split}.log",
    wildcard_constraints:
        system=one_of(ROWS),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        job=lambda wildcards: PLAN.decoding_job(wildcards.system),
        code=code_version("workflow_scripts/detect.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/detect.py --scores {input.scores:q}'
        " --job {params.job:q} --student {output.student:q}"
        " --teacher {output.teacher:q} > {log:q} 2>&1"


rule detect_all:
    """Events of {wildcards.system} in {wildcards.split} at every operating point, when asked for."""
    input:
        scores="<results>/{system}/seed{seed}/{split}_scores.h5",
    output:
        student=directory("<results>/{system}/seed{seed}/{split}_predictions/student"),
        teacher=directory("<results>/{system}/seed{seed}/{split}_predictions/teacher"),
    log:
        "<logs>/detect_all/{system}/seed{seed}_{split}.log",
    wildcard_constraints:
        system=one_of(ROWS),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        job=lambda wildcards: PLAN.decoding_job(wildcards.system),
        code=code_version("workflow_scripts/detect.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/detect.py --scores {input.scores:q}'
        " --job {params.job:q} --all-points"
        " --student {output.student:q} --teacher {output.teacher:q} > {log:q} 2>&1"


rule score:
    """Every metric of {wildcards.system} on {wildcards.split}, for one seed."""
    input:
        scores="<results>/{system}/seed{seed}/{split}_scores.h5",
        truth="<data>/truth/{split}.tsv",
        durations="<data>/truth/{split}_durations.tsv",
        manifest="<data>/manifests/{split}.tsv",
        provenance=scored_networks,
    output:
        scores="<results>/{system}/seed{seed}/{split}_psds.json",
        roc="<results>/{system}/seed{seed}/{split}_roc.json",
        bootstrap="<results>/{system}/seed{seed}/{split}_bootstrap.json",
        energy="<results>/{system}/seed{seed}/{split}_scoring.energy.json",
    log:
        "<logs>/score/{system}/seed{seed}_{split}.log",
    benchmark:
        "<logs>/benchmarks/score/{system}/seed{seed}_{split}.tsv"
    wildcard_constraints:
        system=one_of(ROWS),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        job=lambda wildcards: PLAN.scoring_job(wildcards.system, wildcards.split),
        metadata=lambda wildcards: option(
            "metadata",
            ROWS[wildcards.system].system["scoring"]["groups"]
            and SOURCE.metadata(wildcards.split),
        ),
        code=code_version("workflow_scripts/score.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/score.py --scores {input.scores:q}'
        " --truth {input.truth:q} --durations {input.durations:q} --manifest {input.manifest:q}"
        " --split {wildcards.split} --seed {wildcards.seed} --job {params.job:q} {params.metadata}"
        " --bootstrap-scores {output.bootstrap:q} --energy {output.energy:q}"
        " --provenance {input.provenance:q} --output {output.scores:q} --roc {output.roc:q} > {log:q} 2>&1"


rule aggregate:
    """Mean and spread of {wildcards.system} over its seeds."""
    input:
        scores=lambda wildcards: FILES.of_seeds(
            wildcards.system, f"{wildcards.split}_psds.json"
        ),
        bootstrap=lambda wildcards: FILES.of_seeds(
            wildcards.system, f"{wildcards.split}_bootstrap.json"
        ),
    output:
        bootstrap="<results>/{system}/{split}_bootstrap.json",
        scores=report(
            "<results>/{system}/{split}_psds.json",
            caption="../report/scores.rst",
            category="Scores",
            subcategory="{system}",
            labels={"split": "{split}", "file": "all metrics (JSON)"},
        ),
    log:
        "<logs>/aggregate/{system}_{split}.log",
    wildcard_constraints:
        system=one_of(ROWS),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        code=code_version("workflow_scripts/aggregate.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/aggregate.py {input.scores:q} --bootstrap-scores {input.bootstrap:q}'
        " --output {output.scores:q} --bootstrap-scores-output {output.bootstrap:q} > {log:q} 2>&1"
