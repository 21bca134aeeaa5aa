"""A search over keys of one system, when it is asked for: `snakemake tune_training`.

In:  section `training_search`, and what the system trains on.
Out: <results>/tune_training: trials as table and plot, and a system with the best values as YAML.
"""


rule tune_training:
    """Search the keys of section `training_search` on validation data; goes on where it stopped."""
    input:
        unpack(search_inputs),
    output:
        md="<results>/tune_training/trials.md",
        csv="<results>/tune_training/trials.csv",
        plot="<results>/tune_training/trials.svg",
        best="<results>/tune_training/best.yaml",
    log:
        "<logs>/tune_training.log",
    conda:
        "../envs/sed.yaml"
    threads: config["compute"]["threads"]
    resources:
        gpu=min(config["compute"]["gpus"], 1),
        mem_mb=1000 * config["compute"]["memory_gb"],
        runtime="7d",
    params:
        job=lambda wildcards: as_json(PLAN.search_job),
        data=PATHS["data"],
        pseudo=lambda wildcards: pseudo_labels_option(PLAN.search_job.system),
        checkpoints=f"{PATHS['checkpoints']}/tune_training",
        code=code_version("workflow_scripts/tune_training.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/tune_training.py --job {params.job:q}'
        " --data {params.data:q} {params.pseudo} --checkpoints {params.checkpoints:q} --md {output.md:q}"
        " --csv {output.csv:q} --plot {output.plot:q} --best {output.best:q}"
        " --gpus {resources.gpu} --threads {threads} > {log:q} 2>&1"
