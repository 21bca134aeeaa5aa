"""Tables as one HTML page without scripts or links: Snakemake's report can show it."""

import re
from html import escape

from sed_core.reporting.table import Table

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; margin: 2rem auto; padding: 0 1rem;
       max-width: 72rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { border-bottom: 2px solid #222; font-weight: 600; }
tbody td { border-bottom: 1px solid #e3e3e3; }
td.group { color: #6b6b6b; font-style: italic; padding-top: .8rem; }
ul { color: #444; font-size: .87rem; padding-left: 1.1rem; }
"""


def page(title: str, tables: list[Table]) -> str:
    """A complete HTML document."""
    body = "\n".join(f"<h2>{escape(table.title)}</h2>\n{table_html(table)}" for table in tables)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>'
        f"\n<style>{STYLE}</style>\n<h1>{escape(title)}</h1>\n{body}\n</html>\n"
    )


def table_html(table: Table) -> str:
    """A table and its notes, without the title."""
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    rows = "\n".join(_row(row, len(table.columns)) for row in table.rows)
    notes = "".join(f"<li>{_note(note)}</li>" for note in table.notes)
    return (
        '<div class="wide"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n"
        + (f'<ul class="notes">{notes}</ul>\n' if notes else "")
    )


def _note(text: str) -> str:
    """A note; what Markdown's backticks enclose is code here too."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _row(row: list[str], width: int) -> str:
    if len(row) == 1:
        return f'<tr><td class="group" colspan="{width}">{escape(row[0])}</td></tr>'
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
