"""Labels of clips that have none, from other systems' scores: self-training in rounds.

In:  scores of the systems in `data.pseudo_from`, of all their seeds, on a split without labels.
Out: <results>/{system}/{split}_pseudo_labels.tsv   events with a confidence, which train {system}
     <results>/{system}/{split}_pseudo_labels.json  which networks said so
"""


rule pseudo_labels:
    """Label {wildcards.split} for {wildcards.system}, by the systems that it learns from."""
    input:
        scores=lambda wildcards: FILES.of_labelling(
            wildcards.system, f"{wildcards.split}_scores.h5"
        ),
        provenance=lambda wildcards: FILES.of_labelling(
            wildcards.system, "provenance.json"
        ),
    output:
        labels="<results>/{system}/{split}_pseudo_labels.tsv",
        provenance="<results>/{system}/{split}_pseudo_labels.json",
    log:
        "<logs>/pseudo_labels/{split}_{system}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        sharpen=lambda wildcards: SYSTEMS[wildcards.system]["data"]["pseudo_sharpen"],
        floor=lambda wildcards: SYSTEMS[wildcards.system]["data"]["pseudo_floor"],
        code=code_version("workflow_scripts/pseudo_labels.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/pseudo_labels.py {input.scores:q}'
        " --made-by {input.provenance:q} --sharpen {params.sharpen:q} --floor {params.floor:q}"
        " --labels {output.labels:q} --provenance {output.provenance:q} > {log:q} 2>&1"
