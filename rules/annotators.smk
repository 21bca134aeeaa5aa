"""Labels between 0 and 1 for splits that have `soft_labels`.

In:  a split's annotations: of several people, or with a column `confidence`.
Out: <data>/annotators/{split}.json      how far each annotator agrees with others
     <data>/labels/{split}_{method}.tsv  events with a confidence, which train
"""


rule annotators:
    """Score the annotators of {wildcards.split} by how far they agree with each other."""
    input:
        receipt="<data>/source/{split}.json",
    output:
        scores="<data>/annotators/{split}.json",
    log:
        "<logs>/annotators/{split}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="30m",
    params:
        annotations=lambda wildcards: option(
            "annotations", SOURCE.annotations(wildcards.split)
        ),
        classes=CLASSES,
        code=code_version("workflow_scripts/annotators.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/annotators.py {params.annotations}'
        " --classes {params.classes:q} --scores {output.scores:q} > {log:q} 2>&1"


rule soft_labels:
    """Write the labels of {wildcards.split} that train: {wildcards.method}."""
    input:
        receipt="<data>/source/{split}.json",
        manifest="<data>/manifests/{split}.tsv",
        scores=lambda wildcards: FILES.annotator_scores(
            wildcards.split, wildcards.method
        ),
    output:
        labels="<data>/labels/{split}_{method}.tsv",
    log:
        "<logs>/soft_labels/{split}_{method}.log",
    wildcard_constraints:
        method="[a-z_]+",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        annotations=lambda wildcards: option(
            "annotations", SOURCE.annotations(wildcards.split)
        ),
        metadata=lambda wildcards: option("metadata", SOURCE.metadata(wildcards.split)),
        classes=CLASSES,
        seconds=DATASET["clip_seconds"],
        scores=lambda wildcards, input: option("scores", input.scores),
        cut=lambda wildcards: SOURCE.cut(wildcards.split),
        also=lambda wildcards: option("also", SOURCE.also(wildcards.split)),
        code=code_version("workflow_scripts/soft_labels.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/soft_labels.py {params.annotations}'
        " --manifest {input.manifest:q} {params.metadata} {params.scores} {params.cut} {params.also} --classes {params.classes:q}"
        " --clip-seconds {params.seconds} --method {wildcards.method}"
        " --output {output.labels:q} > {log:q} 2>&1"
