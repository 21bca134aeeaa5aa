"""Data sets in place: folders on disk are read, never copied or changed.

In:  a folder in the layout that `datasets` describes.
Out: a receipt that names what is there, so that clips added later are noticed.
"""


rule adopt:
    """Look at the {wildcards.split} folder and note what it holds."""
    input:
        lambda wildcards: (
            REMOTES.receipts(SOURCE.split(wildcards.split).get("remotes", []))
            if SOURCE.source == "download"
            else []
        ),
    output:
        receipt="<data>/source/{split}.json",
    log:
        "<logs>/adopt/{split}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        audio=lambda wildcards: SOURCE.audio(wildcards.split),
        annotations=lambda wildcards: option(
            "annotations", SOURCE.annotations(wildcards.split)
        ),
        listing=lambda wildcards: SOURCE.state(wildcards.split),
        code=code_version("workflow_scripts/adopt.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/adopt.py --split {wildcards.split}'
        " --audio {params.audio:q} {params.annotations}"
        " --receipt {output.receipt:q} > {log:q} 2>&1"
