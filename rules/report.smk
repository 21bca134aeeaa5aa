"""From numbers to what people look at.

In:  scores, histories and energy of every system.
Out: tables in Markdown and CSV, plots.
"""


rule tables:
    """The tables of scores and energy, one row per system."""
    input:
        scores=result_files(),
        energy=[path for name in SYSTEMS for path in energy_files(name)],
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
        " --energy-md {output.energy_md:q} --energy-csv {output.energy_csv:q} > {log:q} 2>&1"
