"""Checked audio, annotations and statistics of every split.

In:  a split's receipt, its audio folder and its annotation TSV.
Out: <data>/manifests/{split}.tsv   every expected clip and what is wrong with it
     <data>/audio16k/{split}.h5     16 kHz mono float32, one array
     <data>/truth/{split}.tsv       checked annotations, durations, a report of what was found
"""


rule resample:
    """Open and check every {wildcards.split} clip once; keep it at the model's rate."""
    input:
        receipt="<data>/source/{split}.json",
    output:
        manifest="<data>/manifests/{split}.tsv",
        corpus="<data>/audio16k/{split}.h5",
    log:
        "<logs>/resample/{split}.log",
    benchmark:
        "<logs>/benchmarks/resample/{split}.tsv"
    priority: 30
    conda:
        "../envs/sed.yaml"
    threads: all_cores()
    resources:
        mem_mb=4000,
        runtime="4h",
    params:
        audio=lambda wildcards: SOURCE.audio(wildcards.split),
        expected=lambda wildcards: option("list", SOURCE.annotations(wildcards.split)),
        metadata=lambda wildcards: option("metadata", SOURCE.metadata(wildcards.split)),
        seconds=DATASET["clip_seconds"],
        hop=lambda wildcards: option(
            "window-hop", SOURCE.split(wildcards.split).get("window_hop")
        ),
        rate=DATASET["sample_rate"],
        resampler=DATASET["resampler"],
        unreadable=DATASET["unreadable"],
        code=code_version("workflow_scripts/resample.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/resample.py --split {wildcards.split}'
        " --audio {params.audio:q} {params.expected} {params.metadata}"
        " --clip-seconds {params.seconds} {params.hop} --sample-rate {params.rate}"
        " --resampler {params.resampler} --unreadable {params.unreadable} --manifest {output.manifest:q}"
        " --corpus {output.corpus:q} --jobs {threads} > {log:q} 2>&1"


rule ground_truth:
    """Check every row of the {wildcards.split} annotations."""
    input:
        receipt="<data>/source/{split}.json",
        manifest="<data>/manifests/{split}.tsv",
    output:
        truth="<data>/truth/{split}.tsv",
        durations="<data>/truth/{split}_durations.tsv",
        report="<data>/truth/{split}_report.json",
    log:
        "<logs>/ground_truth/{split}.log",
    priority: 30
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        annotations=lambda wildcards: option("tsv", SOURCE.annotations(wildcards.split)),
        metadata=lambda wildcards: option("metadata", SOURCE.metadata(wildcards.split)),
        soft=lambda wildcards: option(
            "soft-labels", SOURCE.split(wildcards.split).get("soft_labels")
        ),
        labels=lambda wildcards: SOURCE.split(wildcards.split)["labels"],
        cut=lambda wildcards: SOURCE.cut(wildcards.split),
        classes=CLASSES,
        seconds=DATASET["clip_seconds"],
        code=code_version("workflow_scripts/ground_truth.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/ground_truth.py {params.annotations}'
        " {params.metadata} {params.soft} {params.cut}"
        " --labels {params.labels} --manifest {input.manifest:q} --classes {params.classes:q}"
        " --clip-seconds {params.seconds} --truth {output.truth:q}"
        " --durations {output.durations:q} --report {output.report:q} > {log:q} 2>&1"


rule check_data:
    """What is there of every split, what is missing or odd, and which labels it has."""
    input:
        manifests=expand("<data>/manifests/{split}.tsv", split=PLAN.splits_in_use()),
        truths=expand(
            "<data>/truth/{split}.tsv", split=PLAN.splits_in_use("strong", "weak")
        ),
        annotators=expand(
            "<data>/annotators/{split}.json", split=PLAN.annotated_splits()
        ),
    output:
        markdown=report(
            "<results>/data/check.md",
            caption="../report/data.rst",
            category="Data",
            labels={"table": "splits"},
        ),
        csv="<results>/data/check.csv",
        plots=report(
            expand("<results>/data/{split}.svg", split=PLAN.splits_in_use("strong")),
            caption="../report/data.rst",
            category="Data",
            labels={"plot": "events"},
        ),
    log:
        "<logs>/check_data.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="20m",
    params:
        data=lambda wildcards, input: Path(input.manifests[0]).parents[1],
        splits=PLAN.splits_in_use(),
        strong=PLAN.splits_in_use("strong"),
        weak=PLAN.splits_in_use("weak"),
        annotated=PLAN.annotated_splits(),
        classes=CLASSES,
        dataset=config["dataset"],
        code=code_version("workflow_scripts/check_data.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/check_data.py --data {params.data:q}'
        " --splits {params.splits} --strong {params.strong} --weak {params.weak}"
        " --annotated {params.annotated} --classes {params.classes:q} --dataset-name {params.dataset:q}"
        " --markdown {output.markdown:q} --csv {output.csv:q} --plots {output.plots:q} 2> {log:q}"
