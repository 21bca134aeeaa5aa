"""From a system's configuration to its networks, trained here or given as a checkpoint.

In:  <results>/{system}/system.json and the training splits' audio and annotations, or a checkpoint.
Out: student and teacher; of a training also its history and its energy.
"""


rule system_config:
    """Write the complete configuration of {wildcards.system}: defaults plus its overrides."""
    output:
        system="<results>/{system}/system.json",
    log:
        "<logs>/system_config/{system}.log",
    conda:
        "../envs/sed.yaml"
    params:
        text=lambda wildcards: PLAN.trained_part(wildcards.system),
        code=code_version("workflow_scripts/system_config.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/system_config.py --json {params.text:q}'
        " --output {output.system:q} > {log:q} 2>&1"


rule train:
    """Train {wildcards.system} with seed {wildcards.seed}; continues from its last checkpoint."""
    input:
        unpack(training_inputs),
        system="<results>/{system}/system.json",
    output:
        model="<results>/{system}/seed{seed}/model.pt",
        history="<results>/{system}/seed{seed}/history.csv",
        provenance="<results>/{system}/seed{seed}/provenance.json",
        energy="<results>/{system}/seed{seed}/training.energy.json",
        kwh="<results>/{system}/seed{seed}/training_codecarbon/training_tot_kwh.txt",
    log:
        "<logs>/train/{system}/seed{seed}.log",
    benchmark:
        "<logs>/benchmarks/train/{system}/seed{seed}.tsv"
    wildcard_constraints:
        system=one_of(name for name in SYSTEMS if not PLAN.is_given(name)),
    priority: 10  # what long jobs wait for has more; scores and plots, which have none, fill the gaps
    conda:
        "../envs/sed.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=config["compute"]["gpus"],
        mem_mb=1000 * config["compute"]["memory_gb"],
        runtime="24h",
        # Whether it may train, not what: unlike a parameter, a resource that changes trains nothing anew.
        min_coverage=lambda wildcards: str(
            SYSTEMS[wildcards.system]["data"]["min_coverage"]
        ),
    params:
        data=PATHS["data"],
        start=lambda wildcards, input: option("start", input.start),
        pseudo=lambda wildcards: pseudo_labels_option(wildcards.system),
        # Outside the outputs, which Snakemake deletes when a job fails.
        checkpoints=lambda wildcards: f"{PATHS['checkpoints']}/{wildcards.system}/seed{wildcards.seed}",
        code=training_code("workflow_scripts/train.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/train.py --system {input.system:q}'
        " --data {params.data:q} --seed {wildcards.seed} --checkpoints {params.checkpoints:q}"
        " {params.start} {params.pseudo} --model {output.model:q} --history {output.history:q}"
        " --provenance {output.provenance:q} --energy {output.energy:q}"
        " --kwh {output.kwh:q} --gpus {resources.gpu} --threads {threads}"
        " --min-coverage {resources.min_coverage} > {log:q} 2>&1"


rule take_checkpoint:
    """Take the checkpoint given for {wildcards.system} as its networks; nothing is trained."""
    input:
        checkpoint=lambda wildcards: SYSTEMS[wildcards.system]["checkpoint"],
        system="<results>/{system}/system.json",
    output:
        model="<results>/{system}/seed{seed}/model.pt",
        provenance="<results>/{system}/seed{seed}/provenance.json",
    log:
        "<logs>/take_checkpoint/{system}/seed{seed}.log",
    wildcard_constraints:
        system=one_of(name for name in SYSTEMS if PLAN.is_given(name)),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=4000,
        runtime="10m",
    params:
        code=system_code("workflow_scripts/take_checkpoint.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/take_checkpoint.py --checkpoint {input.checkpoint:q}'
        " --system {input.system:q} --seed {wildcards.seed} --model {output.model:q}"
        " --provenance {output.provenance:q} > {log:q} 2>&1"
