"""From numbers to what people look at.

In:  scores, histories and energy of every system.
Out: tables in Markdown and CSV, plots.
"""


rule tables:
    """The tables of scores and energy, one row per system."""
    input:
        scores=result_files(),
        energy=[
            path
            for name, row in ROWS.items()
            if row.kind != "variant"
            for path in energy_files(name)
        ],
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
    params:
        dataset=config["dataset"],
        published="--published" if DATASET["published"] else "--no-published",
        code=code_version("workflow_scripts/tables.py"),
    shell:
        "python $SED_HOME/workflow_scripts/tables.py --scores {input.scores:q}"
        " --energy {input.energy:q} --dataset-name {params.dataset} {params.published}"
        " --scores-md {output.scores_md:q} --scores-csv {output.scores_csv:q}"
        " --energy-md {output.energy_md:q} --energy-csv {output.energy_csv:q}"
        " --html {output.html:q} > {output.text:q} 2> {log:q}"


rule compare:
    """Which systems differ by more than the choice of clips: paired bootstrap test."""
    input:
        [path.replace("_psds.json", "_resamples.json") for path in result_files()],
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
    params:
        dataset=config["dataset"],
        code=code_version("workflow_scripts/compare.py"),
    shell:
        "python $SED_HOME/workflow_scripts/compare.py {input:q} --dataset-name {params.dataset}"
        " --markdown {output.markdown:q} --csv {output.csv:q} > {log:q} 2>&1"


rule plots:
    """Learning curves, PSD-ROC curves and per-class bars of {wildcards.system}."""
    input:
        histories=lambda wildcards: (
            []
            if is_given(wildcards.system)
            else seed_files(wildcards.system, "history.csv")
        ),
        rocs=lambda wildcards: seed_files(
            wildcards.system, f"{test_split(wildcards)}_roc.json"
        ),
        scores=lambda wildcards: f"<results>/{wildcards.system}/{test_split(wildcards)}_psds.json",
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
    conda:
        "../envs/sed.yaml"
    resources:
        mem_mb=1000,
        runtime="10m",
    params:
        code=code_version("workflow_scripts/plots.py"),
    shell:
        "python $SED_HOME/workflow_scripts/plots.py --history {input.histories:q}"
        " --roc {input.rocs:q} --scores {input.scores:q} --curves {output.curves:q}"
        " --roc-plot {output.roc:q} --bars {output.bars:q} > {log:q} 2>&1"
