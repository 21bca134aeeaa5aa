// A lane for each class that is shown: name, threshold, curve and events.

import { drawClass } from "./drawing.js";

const COLOURS = 30; // in class_colours.css
const FEW = 12; // classes that are shown without asking

// The name of a class's colour in the style sheet.
export const colourOf = (label) => `--class-${label % COLOURS}`;

const element = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// Numbers of the classes to show: all of a small model; else those asked for, or the loudest.
export function shownClasses(classes, scores, wanted, count) {
  const all = classes.map((_, label) => label);
  const asked = wanted.trim().toLowerCase();
  if (asked) return all.filter((label) => classes[label].toLowerCase().includes(asked)).slice(0, 3 * FEW);
  if (classes.length <= FEW) return all;
  const peaks = new Float32Array(classes.length);
  scores.forEach((score, index) => {
    const label = index % classes.length;
    if (score > peaks[label]) peaks[label] = score;
  });
  return all.sort((a, b) => peaks[b] - peaks[a]).slice(0, count);
}

export { FEW };

export class ClassLanes {
  // place: the element for the lanes; changed(label, threshold): a threshold was moved.
  constructor(place, classes, changed) {
    Object.assign(this, { place, classes, changed, lanes: new Map() });
  }

  show(labels, thresholds) {
    this.place.replaceChildren();
    this.lanes.clear();
    for (const label of labels) {
      const id = `threshold-${label}`;
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.background = `var(${colourOf(label)})`;
      const count = element("span", { class: "count" });
      const title = element("label", { for: id }, swatch, this.classes[label], count);
      const slider = element("input", { id, type: "range", min: 0, max: 0.99, step: 0.01 });
      slider.setAttribute("aria-label", `Threshold of ${this.classes[label]}`);
      const value = element("output", { for: id });
      const canvas = element("canvas", { "aria-hidden": "true" });
      const lane = element("div", { class: "lane", "data-label": label }, canvas);
      const side = element("div", { class: "side" }, title, slider, value);
      this.place.append(element("div", { class: "row" }, side, lane));
      slider.addEventListener("input", () => this.changed(label, Number(slider.value)));
      this.lanes.set(label, { slider, value, count, canvas });
    }
    this.tell(thresholds);
  }

  // Put sliders where the thresholds are.
  tell(thresholds) {
    for (const [label, { slider, value }] of this.lanes) {
      slider.value = thresholds[label];
      value.textContent = thresholds[label].toFixed(2);
    }
  }

  draw(heard, about, events, thresholds, view, colours) {
    const style = getComputedStyle(this.place);
    for (const [label, { canvas, count }] of this.lanes) {
      const own = events.filter((event) => event.label === label);
      count.textContent = own.length === 1 ? "1 event" : `${own.length} events`;
      const content = {
        scores: heard.scores,
        nClasses: this.classes.length,
        label,
        frameSeconds: about.frame_seconds,
        threshold: thresholds[label],
        events: own,
        colour: style.getPropertyValue(colourOf(label)),
      };
      drawClass(canvas, content, view, colours);
    }
  }
}
