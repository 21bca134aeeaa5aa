"""The report of a run: one self-contained HTML file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from sed_core.data.check import check
from sed_core.data.corpus import Corpus
from sed_core.data.layout import PreparedData
from sed_core.data.tsv import read_table
from sed_core.reporting import confusion, document, gallery, label_statistics
from sed_core.reporting.annotators_table import annotators_tables
from sed_core.reporting.bars import class_bars
from sed_core.reporting.comparison import comparison_records, comparison_table
from sed_core.reporting.curves import learning_curves, read_history
from sed_core.reporting.energy_tables import full_energy_tables
from sed_core.reporting.false_alarms import false_alarms_table
from sed_core.reporting.published_scores import Published
from sed_core.reporting.reliability_plot import reliability_plot
from sed_core.reporting.roc import roc_curves
from sed_core.reporting.score_vs_energy import score_vs_energy
from sed_core.reporting.scores_table import gaps, read_scores, scores_tables
from sed_core.reporting.summary import ranked, summary_table, verdict
from sed_core.reporting.table import ABSENT, Table
from sed_core.runtime.files import read_json
from sed_core.scoring.bootstrap_scores import read_bootstrap
from sed_core.scoring.events import COLUMNS, Events, events_from_table
from sed_core.scoring.ground_truth import GroundTruth, read_ground_truth

DRAWN = 6  # clips to look at


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the report finds things.

    Attributes:
        results, data: folders of results and prepared data.
        rows: names of the table's rows, in order.
        test: split that is scored.
        splits: those that some row trains on, is tuned on, is scored on or predicts.
        strong, weak: those of them whose labels are counted.
        annotated: those of them with several annotators.
        dataset: name of the data set.
        energy: energy records.
        reference: the system that energies are compared with; empty for none.
        notes: see `scores_tables`.
        others: published rows.
    """

    results: Path
    data: Path
    rows: Sequence[str]
    test: str
    splits: Sequence[str]
    strong: Sequence[str]
    weak: Sequence[str]
    annotated: Sequence[str]
    dataset: str
    energy: list[dict[str, Any]]
    reference: str
    notes: Mapping[str, Mapping[str, str]]
    others: list[Published]

    def seed_folders(self, row: str, scores: Mapping[str, Any]) -> list[Path]:
        """One folder of results for each seed of a row."""
        return [self.results / row / f"seed{seed}" for seed in scores["seeds"]]


def report(sources: Sources) -> str:
    """The page as HTML."""
    scores = [
        read_scores(sources.results / row / f"{sources.test}_psds.json") for row in sources.rows
    ]
    first = scores[0]
    classes = list(first["per_class"]["psds1_exact"])
    truth = read_labels(sources, sources.test, classes)
    best, *others = ranked(scores)
    compared = list({row["system"]: row for row in (best, first, *others)}.values())[:2]
    heard = {row["system"]: _heard(sources, row, truth) for row in compared}
    paths = [sources.results / row / f"{sources.test}_bootstrap.json" for row in sources.rows]
    drawn = dict(read_bootstrap(path) for path in paths)
    differences = comparison_records(drawn)
    sections = {
        "Summary": _summary(sources, scores, differences),
        "Scores": _scores(sources, scores, differences),
        "Classes": _classes(scores, classes),
        "Clips": _clips(sources, heard, truth),
        "Systems": _systems(sources, scores),
        "Confusion": _confusion(heard[best["system"]], truth, best),
        "Energy": _energy(sources, scores),
        "Data": _data(sources, classes),
        "Provenance": _provenance(sources, scores),
    }
    words = "; ".join(dict.fromkeys(gap for row in scores for gap in gaps(row)))
    coverage = f"Incomplete data: {words}." if words else "All expected clips were there."
    lead = (
        f"Sound event detection on {sources.dataset}, split {sources.test} "
        f"({len(truth.filenames)} clips, {len(truth.events)} events). {coverage}"
    )
    return document.document(f"Results on {sources.dataset}", lead, sections)


def read_labels(sources: Sources, split: str, classes: list[str]) -> GroundTruth:
    """The prepared ground truth of a split."""
    data = PreparedData(sources.data)
    return read_ground_truth(data.ground_truth(split), data.durations(split), classes)


def detected(path: Path, truth: GroundTruth) -> Events:
    """Events of a detection file on the clips of the truth, of the classes that are scored."""
    table = read_table(path, COLUMNS, allow_empty=True)
    table = table[table.filename.isin(truth.filenames) & table.event_label.isin(truth.classes)]
    return events_from_table(table, truth.filenames, truth.classes, source=str(path))


def _heard(sources: Sources, row: Mapping[str, Any], truth: GroundTruth) -> Events:
    folder = sources.seed_folders(row["system"], row)[0]
    return detected(folder / f"{sources.test}_events" / f"{row['reported']}.tsv", truth)


def _summary(
    sources: Sources, scores: list[dict[str, Any]], differences: list[dict[str, Any]]
) -> str:
    drawing = document.plot(
        score_vs_energy(scores, sources.energy),
        alt="PSDS1 of each system against its energy",
        caption="Bars: 95% intervals over clips. A variant costs what its system does.",
    )
    table = summary_table(scores, sources.energy, dataset=sources.dataset)
    words = verdict(scores, differences, sources.energy)
    return (
        f'<p class="verdict">{escape(words)}</p>\n'
        + document.tables([table], headings=False)
        + drawing
    )


def _scores(
    sources: Sources, scores: list[dict[str, Any]], differences: list[dict[str, Any]]
) -> str:
    tables = scores_tables(
        scores, dataset=sources.dataset, others=sources.others, notes=sources.notes
    )
    tables.append(comparison_table(differences, list(sources.rows), dataset=sources.dataset))
    alarms = false_alarms_table(scores)
    return document.tables(tables if alarms is None else [*tables, alarms])


def _energy(sources: Sources, scores: list[dict[str, Any]]) -> str:
    first, *others = full_energy_tables(
        scores,
        sources.energy,
        reference=sources.reference,
        dataset=sources.dataset,
        others=sources.others,
    )
    folded = [
        document.details(table.title, document.tables([table], headings=False)) for table in others
    ]
    return document.tables([first]) + "\n".join(folded)


def _classes(scores: list[dict[str, Any]], classes: list[str]) -> str:
    tables = []
    psds, f1 = ("psds1_exact", "PSDS1 (exact)", "{:.2f}"), ("collar_f1", "Collar F1", "{:.0%}")
    for key, title, form in (psds, f1):
        rows = []
        for label in classes:
            values = [row["per_class"][key][label] for row in scores]
            cells = [ABSENT if value is None else form.format(value) for value in values]
            rows.append([label.replace("_", " "), *cells])
        names = [row["system"] for row in scores]
        tables.append(Table(f"{title} of each class", ["Class", *names], rows))
    return document.tables(tables)


def _systems(sources: Sources, scores: list[dict[str, Any]]) -> str:
    folded = []
    for row in scores:
        name, network = row["system"], row["reported"]
        if "+" in name:  # variants stand in the tables; pictures of all would be too much to mail
            continue
        folders = sources.seed_folders(name, row)
        histories = [path for folder in folders if (path := folder / "history.csv").is_file()]
        rocs = [read_json(folder / f"{sources.test}_roc.json")[network] for folder in folders]
        plots = []
        if histories:
            curves = learning_curves([read_history(path) for path in histories], title=name)
            plots.append(document.plot(curves, alt=f"Learning curves of {name}"))
        plots.append(document.plot(roc_curves(rocs, title=name), alt=f"PSD-ROC curves of {name}"))
        plots.append(document.plot(class_bars(row, title=name), alt=f"Scores per class of {name}"))
        reliable = [roc["reliability"] for roc in rocs if roc.get("reliability")]
        if reliable:
            drawing = reliability_plot(reliable, title=name)
            plots.append(document.plot(drawing, alt=f"Reliability of the scores of {name}"))
        html = document.pictures(plots)
        folded.append(document.details(name, html, opened=row is scores[0]))
    return "\n".join(folded)


def _confusion(heard: Events, truth: GroundTruth, best: Mapping[str, Any]) -> str:
    matrix = confusion.cross_triggers(heard, truth)
    title = f"Cross-triggers of {best['system']}, threshold 0.5"
    drawing = confusion.matrix_figure(matrix, truth.classes, title=title)
    caption = (
        "Diagonal: events that were found. Elsewhere: wrong detections of the column's class that "
        "lie on an event of the row's class. The criteria are those of PSDS2."
    )
    return document.plot(drawing, alt="Matrix of cross-triggers", caption=caption)


def _clips(sources: Sources, heard: Mapping[str, Events], truth: GroundTruth) -> str:
    corpus = Corpus.open(PreparedData(sources.data).audio(sources.test))
    place = {name: at for at, name in enumerate(corpus.filenames)}
    edges = (gallery.LEFT, gallery.RIGHT, gallery.BOTTOM, gallery.TOP)
    figures = []
    best = next(iter(heard))
    for one in gallery.choose(heard[best], truth, each=DRAWN // 3):
        name = truth.filenames[one.clip]
        at = place[name]
        samples = np.asarray(corpus.samples[corpus.offsets[at] : corpus.offsets[at + 1]])
        true = truth.events[truth.events.clip == one.clip]
        found = {system: events[events.clip == one.clip] for system, events in heard.items()}
        f1 = [
            f"{system} {gallery.clip_f1(events, truth, one.clip):.0%}"
            for system, events in heard.items()
        ]
        drawing = gallery.clip_figure(samples, corpus.sample_rate, true, found, truth.classes)
        figures.append(
            document.sound(
                drawing,
                gallery.wav(samples, corpus.sample_rate),
                alt=f"Spectrogram of {name} with its events",
                caption=f"{one.why}: {name}, intersection F1: {', '.join(f1)}",
                edges=edges,
            )
        )
    tints = zip(["ground truth", *heard], [gallery.TRUE, *gallery.TINTS], strict=False)
    keys = ", ".join(
        f'<span class="key" style="background:{tint}"></span> {escape(name)}'
        for name, tint in tints
    )
    words = f"The clips are those that {best} found best, middling and worst."
    return (
        f"<p>Events at threshold 0.5: {keys}. {escape(words)}</p>\n"
        f'<div class="clips">{"".join(figures)}</div>'
    )


def _data(sources: Sources, scored: list[str]) -> str:
    classes = label_statistics.annotated_classes(sources.data, sources.strong, first=scored)
    strong, weak = label_statistics.read_statistics(
        sources.data, strong=sources.strong, weak=sources.weak, classes=classes
    )
    checked = check(sources.data, sources.splits)
    tables = [label_statistics.splits_table(checked), label_statistics.table(strong, weak, classes)]
    tables += annotators_tables(sources.data, sources.annotated)
    html = document.tables(tables)
    for split, part in strong.items():
        drawing = label_statistics.figure(part, classes, title=f"Events of {split}")
        opened = split == sources.test
        image = document.plot(drawing, alt=f"Statistics of the events of {split}")
        html += document.details(f"Events of {split}", image, opened=opened)
    return html


def _provenance(sources: Sources, scores: list[dict[str, Any]]) -> str:
    folded = ['<p class="printed">The HTML file holds the provenance of every system.</p>']
    for row in scores:
        content = {key: row[key] for key in ("seeds", "coverage", "settings", "scenarios")}
        content["provenance"] = row["provenance"]
        path = sources.results / row["system"] / "system.json"
        if path.is_file():
            content["system"] = read_json(path)
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
        text = f"<pre>{escape(text)}</pre>"
        folded.append(document.details(row["system"], text, printed=False))
    return "\n".join(folded)
