"""DESED from where it is published; an interrupted download continues.

In:  the addresses of sed_core/data/download/remotes.yaml, or your own (`sources`).
Out: <root>/audio and <root>/metadata in the reference's layout, a receipt for each archive,
     missing_files/missing_files_<folder>.tsv for each list of AudioSet clips, and what `adopt`
     notes of each split. Archives and partial files stay in <data>/download.
"""


include: "adopt.smk"


wildcard_constraints:
    remote=one_of(REMOTES.archives),
    folder=one_of(REMOTES.clips),


localrules:
    desed,
    desed_real,
    desed_strong,
    desed_synth,
    desed_eval,


rule download_archive:
    """Fetch, check and unpack {wildcards.remote}."""
    output:
        done="<data>/download/{remote}.json",
    log:
        "<logs>/download/{remote}.log",
    retries: 2
    conda:
        "../envs/sed.yaml"
    resources:
        network=1,
        mem_mb=1000,
        runtime="24h",
    params:
        root=SOURCE.root,
        downloads=lambda wildcards, output: Path(output.done).parent,
        sources=option("sources", DATASET.get("sources")),
        code=code_version("workflow_scripts/download_archive.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/download_archive.py --remote {wildcards.remote}'
        " {params.sources} --root {params.root:q} --downloads {params.downloads:q}"
        " --done {output.done:q} > {log:q} 2>&1"


rule download_clips:
    """Cut the clips of {wildcards.folder} from their videos; say which are gone."""
    input:
        lambda wildcards: REMOTES.beside_clips(wildcards.folder),
    output:
        report="missing_files/missing_files_{folder}.tsv",
    log:
        "<logs>/download/{folder}.log",
    conda:
        "../envs/sed.yaml"
    resources:
        network=1,
        mem_mb=2000,
        runtime="72h",
    params:
        list=lambda wildcards: SOURCE.root / REMOTES.clips[wildcards.folder].list,
        folder=lambda wildcards: SOURCE.root / REMOTES.clips[wildcards.folder].target,
        failure_log=lambda wildcards: f"{PATHS['data']}/download/{wildcards.folder}.journal",
        sources=option("sources", DATASET.get("sources")),
        code=code_version("workflow_scripts/download_clips.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/download_clips.py --list {params.list:q}'
        " --folder {params.folder:q} --report {output.report:q} --failure-log {params.failure_log:q}"
        " {params.sources} > {log:q} 2>&1"


rule desed:
    """Everything that the reference's script downloads, and the evaluation sets."""
    input:
        REMOTES.of_groups("real", "strong", "synth", "eval"),


rule desed_real:
    """Weak, unlabelled and validation clips (the reference's --only_real)."""
    input:
        REMOTES.of_groups("real"),


rule desed_strong:
    """Clips with strong AudioSet labels (the reference's --only_strong)."""
    input:
        REMOTES.of_groups("strong"),


rule desed_synth:
    """Synthetic soundscapes (the reference's --only_synth)."""
    input:
        REMOTES.of_groups("synth"),


rule desed_eval:
    """The public evaluation set and that of 2021."""
    input:
        REMOTES.of_groups("eval"),
