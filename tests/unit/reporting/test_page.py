from html.parser import HTMLParser

from sed_core.reporting.page import page
from sed_core.reporting.table import Table


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.spans: list[str | None] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_cell = tag in ("td", "th")
        self.spans += [value for name, value in attrs if name == "colspan"]

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.cells.append(data)
            self._in_cell = False


def test_page_has_every_cell_escaped_and_no_outside_link() -> None:
    table = Table(
        "T", ["System", "A & B"], [["measured"], ["<crnn>", "1 ± 2"]], ["x < y", "`key` <"]
    )
    html = page("Results: mini", [table])
    reader = Cells()
    reader.feed(html)
    assert reader.cells == ["System", "A & B", "measured", "<crnn>", "1 ± 2"]
    assert reader.spans == ["2"]
    assert "<li>x &lt; y</li><li><code>key</code> &lt;</li>" in html
    assert "http" not in html
