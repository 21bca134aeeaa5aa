"""Data set `mini`: synthesise a split's soundscapes instead of fetching them.

In:  nothing but the configuration.
Out: <root>/audio/…/*.wav and <root>/metadata/…/*.tsv in the layout of DESED, and a receipt that
     names what was made.
"""


rule synthesize:
    """Make the {wildcards.split} soundscapes."""
    output:
        receipt="<data>/source/{split}.json",
    log:
        "<logs>/synthesize/{split}.log",
    benchmark:
        "<logs>/benchmarks/synthesize/{split}.tsv"
    priority: 30
    conda:
        "../envs/sed.yaml"
    threads: all_cores()
    resources:
        mem_mb=2000,
        runtime="30m",
    params:
        spec=lambda wildcards: "--domain {domain} --clips {clips}".format(
            **SOURCE.split(wildcards.split)["synthesis"]
        ),
        audio=lambda wildcards: SOURCE.audio(wildcards.split),
        annotations=lambda wildcards: SOURCE.annotations(wildcards.split),
        labels=lambda wildcards: SOURCE.split(wildcards.split)["labels"],
        classes=CLASSES,
        seed=DATASET["seed"],
        seconds=DATASET["clip_seconds"],
        code=code_version("workflow_scripts/synthesize.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/synthesize.py --split {wildcards.split}'
        " {params.spec} --labels {params.labels} --classes {params.classes:q}"
        " --seed {params.seed} --clip-seconds {params.seconds}"
        " --audio {params.audio:q} --tsv {params.annotations:q}"
        " --receipt {output.receipt:q} --jobs {threads} > {log:q} 2>&1"
