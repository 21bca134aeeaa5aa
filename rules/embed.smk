"""Embeddings of pretrained networks, from 16 kHz audio.

In:  16 kHz audio of a split, the weights of a network.
Out: <data>/embeddings/{embedding}/weights.json        which weights are used, and their checksum
     <data>/embeddings/{embedding}/{split}_{kind}.h5   float16, a row a window
     <data>/embeddings/{embedding}/{split}_{kind}.energy.json   energy of the extraction
"""

# Snakemake's cache between workflows finds a result by the command and `params` of its rule and of
# the rules before it. It ignores wildcards, so everything that changes a result stands in `params`.
# It also ignores which clips a download will find, so downloaded data are not cached. `cache` is
# only set where the cache is on; otherwise Snakemake would warn in every run.
CACHED = workflow.workflow_settings.cache is not None and SOURCE.source != "download"


wildcard_constraints:
    embedding=one_of(config["embeddings"]),
    kind=one_of(dict.fromkeys(STORED.values())),


rule weights:
    """Fetch or find the weights of {wildcards.embedding}, and check them."""
    input:
        lambda wildcards: EMBEDDINGS.small_weights(wildcards.embedding),
    output:
        receipt="<data>/embeddings/{embedding}/weights.json",
    log:
        "<logs>/weights/{embedding}.log",
    priority: 20
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=3000,
        runtime="2h",
    params:
        network=lambda wildcards: EMBEDDINGS.network(wildcards.embedding),
        path=lambda wildcards: EMBEDDINGS.entry(wildcards.embedding)["weights"],
        options=lambda wildcards: EMBEDDINGS.weights_options(wildcards.embedding),
        state=lambda wildcards: EMBEDDINGS.weights_state(wildcards.embedding),
        seconds=DATASET["clip_seconds"],
        code=embedding_code("workflow_scripts/weights.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/weights.py --encoder {params.network}'
        " --path {params.path:q} {params.options} --clip-seconds {params.seconds}"
        " --receipt {output.receipt:q} > {log:q} 2>&1"


rule embed:
    """Run {wildcards.embedding} over {wildcards.split}; continues where it was stopped."""
    input:
        weights="<data>/embeddings/{embedding}/weights.json",
        corpus="<data>/audio16k/{split}.h5",
        frames=lambda wildcards: EMBEDDINGS.frames(**wildcards, ending=".h5"),
        spent=lambda wildcards: EMBEDDINGS.frames(**wildcards, ending=".energy.json"),
    output:
        rows="<data>/embeddings/{embedding}/{split}_{kind}.h5",
        energy="<data>/embeddings/{embedding}/{split}_{kind}.energy.json",
        kwh="<data>/embeddings/{embedding}/{split}_{kind}_codecarbon/extraction_tot_kwh.txt",
    log:
        "<logs>/embed/{embedding}/{split}_{kind}.log",
    wildcard_constraints:
        embedding=one_of(EMBEDDINGS.entries("extracted", given=False)),
    cache: CACHED
    priority: 20
    conda:
        "../envs/sed.yaml"
    threads: lambda wildcards: EMBEDDINGS.threads(wildcards.embedding)
    resources:
        gpu=lambda wildcards: EMBEDDINGS.gpus(**wildcards),
        mem_mb=1000 * config["compute"]["memory_gb"],
        runtime="24h",
    params:
        kind="{kind}",
        seconds=DATASET["clip_seconds"],
        batch=lambda wildcards: EMBEDDINGS.entry(wildcards.embedding)["batch_size"],
        precision=lambda wildcards: EMBEDDINGS.entry(wildcards.embedding)["precision"],
        frames=lambda wildcards, input: option("frames", input.frames),
        code=embedding_code("workflow_scripts/embed.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/embed.py --weights {input.weights:q}'
        " --corpus {input.corpus:q} --kind {params.kind} --clip-seconds {params.seconds}"
        " {params.frames} --batch-size {params.batch} --precision {params.precision} --output {output.rows:q}"
        " --energy {output.energy:q} --kwh {output.kwh:q} --gpus {resources.gpu}"
        " --threads {threads} > {log:q} 2>&1"


rule import_embeddings:
    """Take the published embeddings of {wildcards.split} instead of making them."""
    input:
        corpus="<data>/audio16k/{split}.h5",
        source=published_embeddings,
    output:
        rows="<data>/embeddings/{embedding}/{split}_{kind}.h5",
    log:
        "<logs>/import_embeddings/{embedding}/{split}_{kind}.log",
    wildcard_constraints:
        embedding=one_of(EMBEDDINGS.entries("extracted", given=True)),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="12h",
    params:
        network=lambda wildcards: EMBEDDINGS.network(wildcards.embedding),
        folder=lambda wildcards: EMBEDDINGS.entry(wildcards.embedding)["extracted"],
        seconds=DATASET["clip_seconds"],
        code=embedding_code("workflow_scripts/import_embeddings.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/import_embeddings.py --folder {params.folder:q}'
        " --encoder {params.network} --split {wildcards.split} --corpus {input.corpus:q}"
        " --kind {wildcards.kind} --clip-seconds {params.seconds} --output {output.rows:q}"
        " > {log:q} 2>&1"


rule pretrain_mini:
    """Teach a small {wildcards.embedding} network the sounds of the embedded data set."""
    input:
        corpus="<data>/audio16k/tagging.h5",
        truth="<data>/truth/tagging.tsv",
    output:
        weights="<data>/pretrained/{embedding}.pth",
    log:
        "<logs>/pretrain_mini/{embedding}.log",
    wildcard_constraints:
        embedding=one_of(EMBEDDINGS.entries("pretraining", given=True)),
    cache: CACHED
    priority: 20
    conda:
        "../envs/sed.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        network=lambda wildcards: EMBEDDINGS.network(wildcards.embedding),
        classes=CLASSES,
        seconds=DATASET["clip_seconds"],
        steps=lambda wildcards: EMBEDDINGS.entry(wildcards.embedding)["pretraining"][
            "steps"
        ],
        code=embedding_code("workflow_scripts/pretrain_mini.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/pretrain_mini.py --encoder {params.network}'
        " --corpus {input.corpus:q} --truth {input.truth:q} --classes {params.classes:q}"
        " --clip-seconds {params.seconds} --steps {params.steps} --output {output.weights:q}"
        " --threads {threads} > {log:q} 2>&1"
