// The label formats of sed_core/data/label_formats, written byte for byte as there.
// A recording is {filename, duration, labels: [{onset, offset, name, mean, peak}]}, in order of time.

import { fixed, rint } from "./decode.js";
import { Float, jsonText } from "./json_text.js";

const decimal = (value, places = 6) => {
  const text = fixed(value, places);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
};
const score = (value) => decimal(value, 4);
const time = (value) => new Float(Number(fixed(value, 6)));
const rounded = (value) => new Float(Number(fixed(value, 4)));
const withConfidence = (label) => `${label.name} mean=${score(label.mean)} peak=${score(label.peak)}`;
const end = ({ duration, labels }) => Math.max(duration, ...labels.map((label) => label.offset));

// Events by class; where two of a class overlap, the later goes to a tier of its own.
function tiers(labels) {
  const found = new Map();
  for (const label of labels) {
    let name = label.name;
    for (let number = 2; found.has(name) && found.get(name).at(-1).offset > label.onset; number++) {
      name = `${label.name} (${number})`;
    }
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(label);
  }
  return found;
}

function table({ filename, labels }, line) {
  const rows = labels.map((label) => [
    filename, decimal(label.onset), decimal(label.offset), label.name, score(label.mean), score(label.peak),
  ]);
  const head = ["filename", "onset", "offset", "event_label", "mean_score", "peak_score"];
  return [head, ...(rows.length ? rows : [[filename, "", "", "", "", ""]])].map(line).join("");
}

const tabs = (cells) => cells.join("\t") + "\n";
const commas = (cells) =>
  cells.map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",") + "\n";

function jsonLines({ filename, labels }) {
  const rows = labels.map((label) => ({
    filename,
    onset: time(label.onset),
    offset: time(label.offset),
    event_label: label.name,
    mean_score: rounded(label.mean),
    peak_score: rounded(label.peak),
  }));
  return (rows.length ? rows : [{ filename }]).map((row) => jsonText(row) + "\n").join("");
}

const audacity = ({ labels }) =>
  labels.map((one) => tabs([decimal(one.onset), decimal(one.offset), one.name, score(one.mean), score(one.peak)])).join("");

const RAVEN = [
  "Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)",
  "Begin Path", "File Offset (s)", "Event Label", "Mean Score", "Peak Score",
];

function raven({ filename, labels }) {
  const rows = labels.map((label, index) => {
    const [onset, offset] = [decimal(label.onset), decimal(label.offset)];
    return [
      String(index + 1), "Spectrogram 1", "1", onset, offset, "0", "8000", filename, onset, label.name,
      score(label.mean), score(label.peak),
    ];
  });
  return [RAVEN, ...rows].map(tabs).join("");
}

const quoted = (text) => `"${text.replaceAll('"', '""')}"`;

function textGrid(recording) {
  const stop = decimal(end(recording));
  const found = tiers(recording.labels);
  let text = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n';
  text += `xmin = 0\nxmax = ${stop}\ntiers? <exists>\nsize = ${found.size}\nitem []:\n`;
  [...found].forEach(([name, labels], index) => {
    const rows = [];
    let at = "0";
    for (const label of labels) {
      const [onset, offset] = [decimal(label.onset), decimal(label.offset)];
      if (onset === offset) continue;
      if (at !== onset) rows.push([at, onset, ""]);
      rows.push([onset, offset, withConfidence(label)]);
      at = offset;
    }
    if (at !== stop) rows.push([at, stop, ""]);
    text += `    item [${index + 1}]:\n        class = "IntervalTier"\n        name = ${quoted(name)}\n`;
    text += `        xmin = 0\n        xmax = ${stop}\n        intervals: size = ${rows.length}\n`;
    rows.forEach(([from, to, said], row) => {
      text += `        intervals [${row + 1}]:\n            xmin = ${from}\n`;
      text += `            xmax = ${to}\n            text = ${quoted(said)}\n`;
    });
  });
  return text;
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function attribute(text) {
  const safe = escaped(text).replaceAll("\n", "&#10;").replaceAll("\r", "&#13;").replaceAll("\t", "&#9;");
  if (!safe.includes('"')) return `"${safe}"`;
  return safe.includes("'") ? `"${safe.replaceAll('"', "&quot;")}"` : `'${safe}'`;
}

const ELAN_HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
`;
const ELAN_TAIL = `    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="default-lt"
        TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
`;

function elan({ filename, labels }) {
  const found = tiers(labels);
  const kind = { wav: "audio/x-wav", mp3: "audio/mpeg" }[filename.toLowerCase().split(".").at(-1)] ?? "unknown";
  let text = ELAN_HEAD + '    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">\n';
  text += `        <MEDIA_DESCRIPTOR MEDIA_URL=${attribute(filename)} RELATIVE_MEDIA_URL=${attribute("./" + filename)}`;
  text += ` MIME_TYPE="${kind}"/>\n    </HEADER>\n    <TIME_ORDER>\n`;
  [...found.values()].flat().forEach((label, index) => {
    const onset = rint(label.onset * 1000);
    const offset = Math.max(onset + 1, rint(label.offset * 1000));
    text += `        <TIME_SLOT TIME_SLOT_ID="ts${2 * index + 1}" TIME_VALUE="${onset}"/>\n`;
    text += `        <TIME_SLOT TIME_SLOT_ID="ts${2 * index + 2}" TIME_VALUE="${offset}"/>\n`;
  });
  text += "    </TIME_ORDER>\n";
  let number = 0;
  for (const [tier, row] of found) {
    text += `    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID=${attribute(tier)}>\n`;
    for (const label of row) {
      number += 1;
      const slots = `TIME_SLOT_REF1="ts${2 * number - 1}" TIME_SLOT_REF2="ts${2 * number}"`;
      text += "        <ANNOTATION>\n";
      text += `            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a${number}" ${slots}>\n`;
      text += `                <ANNOTATION_VALUE>${escaped(withConfidence(label))}</ANNOTATION_VALUE>\n`;
      text += "            </ALIGNABLE_ANNOTATION>\n        </ANNOTATION>\n";
    }
    text += "    </TIER>\n";
  }
  return text + ELAN_TAIL;
}

function labelStudio(recording) {
  const result = recording.labels.map((label, index) => ({
    id: String(index + 1),
    from_name: "label",
    to_name: "audio",
    type: "labels",
    original_length: time(end(recording)),
    score: rounded(label.mean),
    meta: { text: [withConfidence(label)] },
    value: { start: time(label.onset), end: time(label.offset), channel: 0, labels: [label.name] },
  }));
  const task = { data: { audio: recording.filename }, predictions: [{ model_version: "sedlab", result }] };
  return `[\n${jsonText(task)}\n]\n`;
}

function jams(recording) {
  const { filename, labels } = recording;
  const data = labels.map((label) => ({
    time: time(label.onset),
    duration: time(label.offset - label.onset),
    value: label.name,
    confidence: rounded(label.mean),
  }));
  const annotation = {
    annotation_metadata: { annotation_tools: "sedlab", data_source: "program" },
    namespace: "segment_open",
    data,
    sandbox: { peak_scores: labels.map((label) => rounded(label.peak)) },
    time: 0,
    duration: time(end(recording)),
  };
  const file = { title: filename, duration: time(end(recording)), identifiers: {}, jams_version: "0.3.4" };
  return jsonText({ annotations: [annotation], file_metadata: file, sandbox: {} }, 1) + "\n";
}

// Name -> suffix, program, and the text of a recording.
export const FORMATS = {
  desed: { suffix: ".tsv", program: "DESED, this workflow", write: (recording) => table(recording, tabs) },
  csv: { suffix: ".csv", program: "spreadsheets", write: (recording) => table(recording, commas) },
  jsonl: { suffix: ".jsonl", program: "programs (JSON lines)", write: jsonLines },
  audacity: { suffix: ".txt", program: "Audacity", write: audacity },
  textgrid: { suffix: ".TextGrid", program: "Praat", write: textGrid },
  raven: { suffix: ".selections.txt", program: "Raven", write: raven },
  elan: { suffix: ".eaf", program: "ELAN", write: elan },
  labelstudio: { suffix: ".json", program: "Label Studio", write: labelStudio },
  jams: { suffix: ".jams", program: "JAMS, scaper", write: jams },
};
