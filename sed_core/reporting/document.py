"""Pieces of a self-contained HTML page: nothing is fetched, whatever the reader's network."""

import base64
import io
from html import escape

from matplotlib.figure import Figure

from sed_core.reporting import style
from sed_core.reporting.page import table_html
from sed_core.reporting.table import Table

BROAD = 6  # inches; a wider figure is moved sideways on a telephone, where it could not be read

REM_PER_INCH = 4.2  # of the others, so that words of both are as large

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1e; --quiet: #6a6a70; --line: #dcdce0;
        --back: #fbfbfc; --card: #fff; --link: #0060a8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececf0; --quiet: #a0a0a8; --line: #3a3a40; --back: #17171a; --card: #1f1f23;
          --link: #7cc0f4; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 3.2rem; scroll-behavior: smooth; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--back);
       margin: 0 auto; padding: 0 1rem 4rem; max-width: 76rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1.6rem 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.8rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p, ul { max-width: 46rem; } .lead, figcaption, ul.notes { color: var(--quiet); }
a { color: var(--link); }
nav { position: sticky; top: 0; z-index: 1; background: var(--back); padding: .55rem 0;
      border-bottom: 1px solid var(--line); display: flex; gap: .2rem 1.1rem; overflow-x: auto; }
nav a { text-decoration: none; white-space: nowrap; }
/* A shade at the edge where a table goes on; moved to its end, what lies above covers it. */
.wide { overflow-x: auto; margin: .6rem 0; --under: var(--back); background:
  linear-gradient(to left, var(--under) 50%, transparent) right / 3rem 100% no-repeat local,
  linear-gradient(to left, #8885, transparent) right / 1rem 100% no-repeat scroll; }
details .wide { --under: var(--card); }
.key { display: inline-block; width: 1.1em; height: .7em; border: 1px solid #000; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .55rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0;
                                 background: var(--back); }
details th:first-child, details td:first-child { background: var(--card); }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; }
tbody td { border-bottom: 1px solid var(--line); }
td.group { color: var(--quiet); font-style: italic; padding-top: .8rem; }
ul.notes { font-size: .84rem; padding-left: 1.1rem; }
figure { margin: .8rem 0; } figcaption { font-size: .88rem; margin-top: .3rem; }
figure img, .clip { background: #fff; border-radius: 6px; }
figure img { display: block; width: 100%; max-width: 62rem; height: auto; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 32rem), 1fr));
         gap: 1.4rem; }
.clip { position: relative; overflow: hidden; } .clip img { border-radius: 0; }
.clip i { position: absolute; width: 2px; background: #fff; opacity: .9; pointer-events: none; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr));
            gap: .4rem 1.4rem; align-items: start; }
audio { width: 100%; height: 2.4rem; margin-top: .3rem; }
details { border: 1px solid var(--line); border-radius: 6px; background: var(--card);
          padding: .3rem .9rem; margin: .6rem 0; }
summary { cursor: pointer; font-weight: 600; padding: .3rem 0; }
pre { overflow-x: auto; font-size: .78rem; line-height: 1.4; }
p.verdict { font-size: 1.08rem; max-width: 52rem; } .printed { display: none; }
@media (max-width: 30rem) {
  body { padding: 0 .7rem 3rem; } h1 { font-size: 1.25rem; }
  table { font-size: .78rem; } th, td { padding: .25rem .5rem; }
  details { padding: .2rem .6rem; }
  figure.broad { overflow-x: auto; } figure.broad img { width: 34rem; max-width: none; } }
@media print {
  @page { size: A4 landscape; margin: 11mm; }
  :root { color-scheme: light; --ink: #000; --quiet: #444; --line: #bbb; --back: #fff;
          --card: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 9pt; }
  h1 { font-size: 14pt; margin: 0; } h2 { font-size: 12pt; }
  h3 { font-size: 10pt; margin: .7rem 0 .2rem; } section > p { break-after: avoid; }
  p { margin: .3rem 0; } p.verdict { font-size: 11pt; } figcaption { font-size: 7.6pt; }
  nav, audio, .clip i, .screen { display: none; } .printed { display: block; }
  h2 { margin: .8rem 0 .2rem; } h2, h3, summary { break-after: avoid; }
  tr, figure, .wide, .clips figure { break-inside: avoid; }
  .wide { overflow: visible; margin: .2rem 0; background: none; }
  table { width: 100%; font-size: 7.6pt; }
  th, td { white-space: normal; padding: .12rem .35rem; position: static !important; }
  ul.notes { font-size: 7.6pt; break-before: avoid; } p, ul { max-width: none; }
  figure { margin: .3rem 0; } figure img { max-width: 16cm; }
  .clips { grid-template-columns: 1fr 1fr 1fr; gap: .6rem; }
  .pictures { grid-template-columns: 1fr 1fr; break-inside: avoid; }
  .pictures img { max-height: 7.6cm; width: auto; max-width: 100%; }
  details { border: 0; padding: 0; } }
"""

# The cursor runs over the spectrogram while its clip plays; only one clip plays at a time.
SCRIPT = """
for (const clip of document.querySelectorAll('figure.sound')) {
  const audio = clip.querySelector('audio'), cursor = clip.querySelector('i');
  const [left, right] = [Number(clip.dataset.left), Number(clip.dataset.right)];
  const draw = () => {
    const part = audio.duration ? audio.currentTime / audio.duration : 0;
    cursor.style.left = 100 * (left + (right - left) * part) + '%';
    if (!audio.paused) requestAnimationFrame(draw);
  };
  audio.addEventListener('play', () => {
    for (const other of document.querySelectorAll('audio')) if (other !== audio) other.pause();
    draw();
  });
  audio.addEventListener('seeked', draw);
  draw();
}
// Paper has no way to unfold: what is folded on the screen is printed too.
addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll('details:not(.screen)')) folded.open = true;
});
document.documentElement.dataset.ready = 'yes';
"""


def document(title: str, lead: str, sections: dict[str, str]) -> str:
    """A whole page with a bar of links to its sections, given as {heading: HTML}."""
    anchors = {heading: heading.lower().replace(" ", "-") for heading in sections}
    links = "".join(f'<a href="#{anchors[name]}">{escape(name)}</a>' for name in sections)
    body = "\n".join(
        f'<section id="{anchors[name]}">\n<h2>{escape(name)}</h2>\n{html}\n</section>'
        for name, html in sections.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n<nav>{links}</nav>\n'
        f"{body}\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def tables(several: list[Table], *, headings: bool = True) -> str:
    """Tables with their notes."""
    return "\n".join(
        (f"<h3>{escape(table.title)}</h3>\n" if headings else "")
        + table_html(table.without_empty_columns())
        for table in several
    )


def plot(figure: Figure, *, alt: str, caption: str = "") -> str:
    """A figure as an image of its own, so that names inside it cannot clash with another's."""
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    width = figure.get_figwidth()
    shape = (
        ' class="broad"' if width > BROAD else f' style="max-width:{REM_PER_INCH * width:.3g}rem"'
    )
    return f"<figure{shape}>{_image(_bytes(figure, 'svg'), 'svg+xml', alt)}{words}</figure>"


def pictures(figures: list[str]) -> str:
    """Figures beside each other where there is room."""
    return f'<div class="pictures">{"".join(figures)}</div>'


def sound(figure: Figure, wav: bytes, *, alt: str, caption: str, edges: tuple[float, ...]) -> str:
    """A picture of a clip with its sound below.

    Args:
        figure: time runs from `edges[0]` to `edges[1]` of its width; its axes from `edges[2]` to
            `edges[3]` of its height, from below.
        wav: content of the WAV file.
        alt: what the picture shows.
        caption: below it.
        edges: see `figure`.
    """
    left, right, bottom, top = edges
    line = f'<i style="left:{left:.1%};top:{1 - top:.1%};bottom:{bottom:.1%}"></i>'
    source = base64.b64encode(wav).decode()
    return (
        f'<figure class="sound" data-left="{left}" data-right="{right}">'
        f'<div class="clip">{_image(_bytes(figure, "jpeg"), "jpeg", alt)}{line}</div>'
        f'<audio controls preload="metadata" src="data:audio/wav;base64,{source}"></audio>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def details(summary: str, html: str, *, opened: bool = False, printed: bool = True) -> str:
    """A section that can be folded; with `printed=False` it is left out on paper."""
    state = " open" if opened else ""
    state += "" if printed else ' class="screen"'
    return f"<details{state}><summary>{escape(summary)}</summary>\n{html}\n</details>"


@style.styled
def _bytes(figure: Figure, kind: str) -> bytes:
    stream = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(stream, format=kind, dpi=150, metadata=metadata, facecolor="white")
    return stream.getvalue()


def _image(content: bytes, kind: str, alt: str) -> str:
    source = base64.b64encode(content).decode()
    return f'<img alt="{escape(alt)}" src="data:image/{kind};base64,{source}">'
