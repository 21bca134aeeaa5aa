"""Tables, plots and the report.

In:  scores, histories and energy of every system.
Out: tables in Markdown and CSV, plots.
"""


rule tables:
    """The tables of scores and energy, one row per system."""
    input:
        scores=FILES.shown("psds.json"),
        energy=FILES.shown_energy(),
    output:
        scores_md=report(
            "<results>/tables/scores.md",
            caption="../report/tables.rst",
            category="Tables",
            labels={"table": "scores"},
        ),
        scores_csv="<results>/tables/scores.csv",
        energy_md=report(
            "<results>/tables/energy.md",
            caption="../report/energy.rst",
            category="Tables",
            labels={"table": "energy"},
        ),
        energy_csv="<results>/tables/energy.csv",
        html=report(
            "<results>/tables/tables.html",
            caption="../report/tables.rst",
            category="Tables",
            labels={"table": "all, to read here"},
        ),
        text="<results>/tables/tables.txt",
    log:
        "<logs>/tables.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        dataset=config["dataset"],
        reference=option("reference", PLAN.energy_baseline),
        notes=PLAN.notes(),
        published="--published" if DATASET["published"] else "--no-published",
        code=code_version("workflow_scripts/tables.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/tables.py --scores {input.scores:q}'
        " --energy {input.energy:q} --dataset-name {params.dataset:q} {params.published}"
        " {params.reference} --notes {params.notes:q}"
        " --scores-md {output.scores_md:q} --scores-csv {output.scores_csv:q}"
        " --energy-md {output.energy_md:q} --energy-csv {output.energy_csv:q}"
        " --html {output.html:q} > {output.text:q} 2> {log:q}"


rule also_tested:
    """Scores on a further split, {wildcards.split}, beside the tables' own one."""
    input:
        lambda wildcards: FILES.also_tested(wildcards.split),
    output:
        markdown=report(
            "<results>/tables/on_{split}.md",
            caption="../report/tables.rst",
            category="Tables",
            labels={"table": "scores on {split}"},
        ),
        csv="<results>/tables/on_{split}.csv",
    log:
        "<logs>/tables_on_{split}.log",
    wildcard_constraints:
        split=one_of(PLAN.also_tested()),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        dataset=config["dataset"],
        code=code_version("workflow_scripts/also_tested.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/also_tested.py {input:q} --dataset-name {params.dataset:q}'
        " --markdown {output.markdown:q} --csv {output.csv:q} > {log:q} 2>&1"


rule energy_reference:
    """What the baseline's inference and ten epochs of its training take on this machine."""
    input:
        FILES.energy("energy_reference"),
    output:
        "<results>/tables/energy_reference.md",
    log:
        "<logs>/energy_reference.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        dataset=config["dataset"],
        code=code_version("workflow_scripts/energy_reference.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/energy_reference.py {input:q}'
        " --dataset-name {params.dataset:q} --output {output:q} 2> {log:q}"


rule compare:
    """Which systems differ by more than the choice of clips: paired bootstrap test."""
    input:
        FILES.shown("bootstrap.json"),
    output:
        markdown=report(
            "<results>/tables/comparison.md",
            caption="../report/comparison.rst",
            category="Tables",
            labels={"table": "differences between systems"},
        ),
        csv="<results>/tables/comparison.csv",
    log:
        "<logs>/compare.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=2000,
        runtime="15m",
    params:
        dataset=config["dataset"],
        code=code_version("workflow_scripts/compare.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/compare.py {input:q} --dataset-name {params.dataset:q}'
        " --markdown {output.markdown:q} --csv {output.csv:q} > {log:q} 2>&1"


rule report:
    """Everything in one HTML file to open, mail and print: {output.html}."""
    input:
        scores=FILES.shown("psds.json"),
        bootstrap=FILES.shown("bootstrap.json"),
        energy=FILES.shown_energy(),
        seeds=FILES.report(),
        manifests=expand("<data>/manifests/{split}.tsv", split=PLAN.splits_in_use()),
        truth=expand(
            "<data>/truth/{split}.tsv", split=PLAN.splits_in_use("strong", "weak")
        ),
        durations=expand(
            "<data>/truth/{split}_durations.tsv", split=PLAN.splits_in_use("strong")
        ),
        annotators=expand(
            "<data>/annotators/{split}.json", split=PLAN.annotated_splits()
        ),
        corpus=f"<data>/audio16k/{PLAN.scored_split}.h5",
    output:
        html=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"file": "the report"},
        ),
        score_vs_energy=report(
            "<results>/plots/energy.svg",
            caption="../report/energy.rst",
            category="Plots",
            labels={"plot": "scores against energy"},
        ),
    log:
        "<logs>/report.log",
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=3000,
        runtime="15m",
    params:
        results=lambda wildcards, output: Path(output.html).parent,
        data=lambda wildcards, input: Path(input.corpus).parents[1],
        dataset=config["dataset"],
        rows=list(PLAN.shown),
        test=PLAN.scored_split,
        splits=PLAN.splits_in_use(),
        strong=PLAN.splits_in_use("strong"),
        weak=PLAN.splits_in_use("weak"),
        annotated=PLAN.annotated_splits(),
        reference=option("reference", PLAN.energy_baseline),
        notes=PLAN.notes(),
        published="--published" if DATASET["published"] else "--no-published",
        code=code_version("workflow_scripts/report.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/report.py --results {params.results:q}'
        " --data {params.data:q} --dataset-name {params.dataset:q} --rows {params.rows}"
        " --test {params.test} --splits {params.splits} --strong {params.strong} --weak {params.weak}"
        " --annotated {params.annotated}"
        " --energy {input.energy:q} {params.published} {params.reference}"
        " --notes {params.notes:q} --output {output.html:q}"
        " --score-vs-energy {output.score_vs_energy:q} > {log:q} 2>&1"


rule plots:
    """Learning curves, PSD-ROC curves and per-class bars of {wildcards.system}."""
    input:
        histories=lambda wildcards: FILES.histories(wildcards.system),
        rocs=lambda wildcards: FILES.of_seeds(
            wildcards.system, f"{PLAN.test_split(wildcards.system)}_roc.json"
        ),
        scores=lambda wildcards: f"<results>/{wildcards.system}/{PLAN.test_split(wildcards.system)}_psds.json",
    output:
        curves=report(
            "<results>/{system}/plots/curves.svg",
            caption="../report/curves.rst",
            category="Plots",
            subcategory="{system}",
            labels={"plot": "learning curves"},
        ),
        roc=report(
            "<results>/{system}/plots/roc.svg",
            caption="../report/roc.rst",
            category="Plots",
            subcategory="{system}",
            labels={"plot": "PSD-ROC"},
        ),
        bars=report(
            "<results>/{system}/plots/bars.svg",
            caption="../report/bars.rst",
            category="Plots",
            subcategory="{system}",
            labels={"plot": "per class"},
        ),
    log:
        "<logs>/plots/{system}.log",
    wildcard_constraints:
        system=one_of(ROWS),
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        code=code_version("workflow_scripts/plots.py"),
    shell:
        'python "$SED_HOME"/workflow_scripts/plots.py --history {input.histories:q}'
        " --roc {input.rocs:q} --scores {input.scores:q} --curves {output.curves:q}"
        " --roc-plot {output.roc:q} --bars {output.bars:q} > {log:q} 2>&1"
