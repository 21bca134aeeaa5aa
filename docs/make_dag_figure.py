"""Draw the workflow's rules into docs/architecture.md, as a Mermaid diagram that GitHub renders.

    python docs/make_dag_figure.py           rewrite the diagram
    python docs/make_dag_figure.py --check   exit with 1 where it is not what the workflow does

The rules and arrows are Snakemake's own (`--rulegraph`), without arrows that a longer path implies.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/architecture.md"
BEGIN, END = "<!-- dag:begin -->", "<!-- dag:end -->"
Graph = dict[str, set[str]]


def rule_graph() -> Graph:
    """Rule -> rules that use its files, of everything that is made of DESED by default."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--rulegraph", "mermaid-js"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = dict(re.findall(r"(id\d+)\[(\w+)\]", text))
    graph: Graph = {name: set() for name in names.values() if name != "all"}
    for source, target in re.findall(r"(id\d+) --> (id\d+)", text):
        if names[target] != "all":
            graph[names[source]].add(names[target])
    return graph


def below(graph: Graph, name: str) -> set[str]:
    """All that follows from a rule."""
    return graph[name].union(*(below(graph, follower) for follower in graph[name]))


def reduced(graph: Graph) -> Graph:
    """Without the arrows that a longer path implies."""
    return {
        name: direct - set().union(*(below(graph, follower) for follower in direct))
        for name, direct in graph.items()
    }


def diagram(graph: Graph) -> str:
    """Mermaid text; rules stand together with those of their file, GPU jobs in a thick frame."""
    lines = ["```mermaid", "flowchart TB"]
    heavy = []
    for file in sorted((ROOT / "rules").glob("*.smk")):
        bodies = re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", file.read_text(), re.M)
        rules = {name: body for name, body in bodies if name in graph}
        if rules:
            lines.append(f'  subgraph {file.stem}_rules["rules/{file.name}"]')
            lines += [*(f"    {name}" for name in rules), "  end"]
        heavy += [name for name, body in rules.items() if "gpu=" in body]
    lines += [f"  {name} --> {follower}" for name in graph for follower in sorted(graph[name])]
    lines += ["  classDef gpu stroke-width:4px", f"  class {','.join(heavy)} gpu", "```"]
    return "\n".join(lines)


def main() -> int:
    """Rewrite or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; say if it is stale")
    check = parser.parse_args().check
    old = PAGE.read_text(encoding="utf-8")
    head, _, rest = old.partition(BEGIN)
    graph = reduced(rule_graph())
    drawn = diagram({name: graph[name] for name in sorted(graph)})
    new = f"{head}{BEGIN}\n{drawn}\n{END}{rest.partition(END)[2]}"
    if not check:
        PAGE.write_text(new, encoding="utf-8")
    elif new != old:
        print(f"{PAGE} does not show the workflow as it is; run docs/make_dag_figure.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
