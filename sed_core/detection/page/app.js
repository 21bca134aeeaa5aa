// The page: a recording in, its picture, events and labels out.

import { ClassLanes, FEW, colourOf, shownClasses } from "./class_lanes.js";
import { events as decoded } from "./decode.js";
import { clock, drawSpectrogram } from "./drawing.js";
import { FORMATS } from "./label_formats.js";
import { Microphone } from "./microphone.js";
import { Player } from "./sound.js";
import { View } from "./view.js";

const BACKENDS = { server: "./server_backend.js", browser: "./browser_backend.js" };
const MOST_ROWS = 300;

const at = (id) => document.getElementById(id);
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

let about; // the model
let backend;
let lanes;
let heard = null; // {name, scores, samples, sampleRate, duration}
let view;
let events = [];
let count = FEW;
let drawn = 0; // the picture that is asked for
let taken = 0; // recordings given to the page; it shows the newest, whichever is heard first
const decisions = { thresholds: [], mergeGap: 0, minLength: 0 };

const player = new Player(moved, (playing) => (at("play").textContent = playing ? "Pause" : "Play"));

function complain(error) {
  at("status").textContent = "";
  at("problem").textContent = sentence(error.message ?? String(error));
}

async function take(file) {
  const number = ++taken;
  at("problem").textContent = "";
  at("status").textContent = `Listening to ${file.name} …`;
  document.body.setAttribute("aria-busy", "true");
  try {
    const found = await backend.hear(file, about, (share) => {
      if (number === taken) at("status").textContent = `Listening to ${file.name}: ${Math.round(100 * share)} %`;
    });
    if (number !== taken) return;
    show({ ...found, name: file.name, duration: found.samples.length / found.sampleRate });
    at("status").textContent = "";
  } catch (error) {
    if (number === taken) complain(error);
  } finally {
    if (number === taken) {
      document.body.removeAttribute("aria-busy");
      at("file").value = "";
    }
  }
}

const microphone = new Microphone((seconds, peak) => {
  at("recorded").textContent = clock(seconds);
  at("level").value = Math.max(peak, at("level").value - 0.02); // falls slowly, to be seen
  // The file has 16 bits a sample and a head.
  const { sampleRate } = microphone.context;
  const most = Math.min(about.limits.seconds, (about.limits.bytes - 44) / (2 * sampleRate));
  if (seconds > most - 1) record();
});

// Begin to record, or end it and hear what was recorded.
async function record() {
  try {
    if (microphone.recording) {
      tellRecording(false);
      await take(microphone.stop());
    } else {
      player.pause();
      at("problem").textContent = "";
      at("record").disabled = true; // until the person has allowed it
      await microphone.start();
      tellRecording(true);
    }
  } catch (error) {
    complain(error);
  } finally {
    at("record").disabled = false;
  }
}

function tellRecording(on) {
  at("record").textContent = on ? "Stop and listen" : "Record";
  at("recorder").hidden = !on;
  at("level").value = 0;
  at("recorded").textContent = clock(0);
}

function show(found) {
  player.pause();
  heard = found;
  view = new View(heard.duration);
  player.load(heard.samples, heard.sampleRate);
  at("recording").textContent = `${heard.name}, ${clock(heard.duration)}`;
  at("result").hidden = false;
  at("seek").setAttribute("aria-valuemax", heard.duration.toFixed(2));
  count = FEW;
  choose();
  player.seek(0);
}

function choose() {
  lanes.show(shownClasses(about.classes, heard.scores, at("find").value, count), decisions.thresholds);
  decide();
}

function decide() {
  events = decoded(heard.scores, about.classes, about.frame_seconds, decisions);
  list();
  draw();
}

function draw() {
  cancelAnimationFrame(drawn);
  drawn = requestAnimationFrame(() => {
    if (!heard) return;
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(["ink", "soft", "lane"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    const key = [view.start, view.length, at("spectrogram").clientWidth, colours.lane, heard.name].join();
    if (heard.picture !== key) drawSpectrogram(at("spectrogram"), heard, view, colours);
    heard.picture = key;
    lanes.draw(heard, about, events, decisions.thresholds, view, colours);
    const scroll = at("scroll");
    scroll.hidden = view.isWhole;
    scroll.value = view.isWhole ? 0 : view.start / (view.duration - view.length);
    moved(player.time);
  });
}

function moved(time) {
  if (!heard) return;
  if (player.playing && view.follow(time)) draw();
  at("clock").textContent = clock(time);
  at("timeline").style.setProperty("--at", `${(100 * (time - view.start)) / view.length}%`);
  at("seek").setAttribute("aria-valuenow", time.toFixed(2));
  at("seek").setAttribute("aria-valuetext", `${time.toFixed(1)} of ${heard.duration.toFixed(1)} seconds`);
}

function list() {
  const number = events.length === 1 ? "1 event" : `${events.length || "No"} events`;
  at("count").textContent = events.length > MOST_ROWS ? `${number}, of which the first ${MOST_ROWS} are listed` : number;
  const rows = events.slice(0, MOST_ROWS).map((event) => {
    const row = document.createElement("tr");
    const name = about.classes[event.label];
    const cells = [event.onset.toFixed(2), event.offset.toFixed(2), name, event.mean.toFixed(2), event.peak.toFixed(2)];
    for (const cell of cells) row.insertCell().textContent = cell;
    const play = document.createElement("button");
    play.type = "button";
    play.textContent = "Play";
    play.setAttribute("aria-label", `Play ${name} at ${event.onset.toFixed(2)} s`);
    play.addEventListener("click", () => playFrom(event.onset));
    row.insertCell().append(play);
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.cssText = `display: inline-block; margin-right: .4rem; background: var(${colourOf(event.label)})`;
    row.cells[2].prepend(swatch);
    return row;
  });
  at("events").tBodies[0].replaceChildren(...rows);
}

function playFrom(time) {
  if (view.follow(time)) draw();
  player.seek(time);
  player.play();
}

function save() {
  const format = FORMATS[at("format").value];
  const labels = events.map((event) => ({ ...event, name: about.classes[event.label] }));
  const text = format.write({ filename: heard.name, duration: heard.duration, labels });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  link.download = heard.name.replace(/(.)\.[^.]+$/, "$1") + format.suffix;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function setAll(thresholds) {
  decisions.thresholds = [...thresholds];
  lanes.tell(decisions.thresholds);
  if (heard) decide();
}

function tellAll(value) {
  at("all").value = value;
  at("all-value").textContent = Number(value).toFixed(2);
}

function key(event) {
  if (!heard || event.ctrlKey || event.metaKey || event.altKey) return;
  const inField = event.target.closest("input, select, button, label");
  if (event.key === " " && !inField) {
    player.toggle();
  } else if (event.target === at("seek") || !inField) {
    const step = event.shiftKey ? 1 : 0.1;
    const places = { ArrowLeft: player.time - step, ArrowRight: player.time + step, Home: 0, End: heard.duration };
    if (!(event.key in places)) return;
    player.seek(places[event.key]);
    if (view.follow(player.time)) draw();
  } else {
    return;
  }
  event.preventDefault();
}

function listen() {
  at("file").addEventListener("change", () => at("file").files.length && take(at("file").files[0]));
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      document.body.classList.toggle("dragging", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
    });
  }
  at("record").addEventListener("click", record);
  document.addEventListener("keydown", key);
  at("play").addEventListener("click", () => player.toggle());
  at("timeline").addEventListener("click", (event) => {
    const lane = event.target.closest(".lane");
    if (!lane) return;
    const box = lane.getBoundingClientRect();
    playFrom(view.start + ((event.clientX - box.left) / box.width) * view.length);
  });
  const zoom = (factor) => () => (view.zoom(factor, player.time), draw());
  at("closer").addEventListener("click", zoom(0.5));
  at("wider").addEventListener("click", zoom(2));
  at("whole").addEventListener("click", zoom(Infinity));
  at("scroll").addEventListener("input", () => (view.move(at("scroll").value * (view.duration - view.length)), draw()));
  at("all").addEventListener("input", () => {
    tellAll(at("all").value);
    setAll(about.classes.map(() => Number(at("all").value)));
  });
  at("first").addEventListener("click", () => (tellAll(about.thresholds[0]), setAll(about.thresholds)));
  at("best").addEventListener("click", () => setAll(about.best));
  for (const [id, name] of [["shortest", "minLength"], ["gap", "mergeGap"]]) {
    at(id).addEventListener("input", () => {
      decisions[name] = Math.max(0, Number(at(id).value) || 0);
      if (heard) decide();
    });
  }
  at("find").addEventListener("input", choose);
  at("more").addEventListener("click", () => ((count += FEW), choose()));
  at("save").addEventListener("click", save);
  new ResizeObserver(draw).observe(at("timeline"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

async function begin() {
  about = await (await fetch("page.json")).json();
  backend = await import(BACKENDS[about.backend]);
  const many = about.classes.length === 1 ? "1 class" : `${about.classes.length} classes`;
  at("model").textContent = `Model ${about.name}: ${many}, frames of ${(1000 * about.frame_seconds).toFixed(0)} ms`;
  lanes = new ClassLanes(at("lanes"), about.classes, (label, threshold) => {
    decisions.thresholds[label] = threshold;
    lanes.tell(decisions.thresholds);
    decide();
  });
  tellAll(about.thresholds[0]);
  setAll(about.thresholds);
  decisions.minLength = at("shortest").value = about.min_length;
  decisions.mergeGap = at("gap").value = about.merge_gap;
  at("best").hidden = !about.best;
  at("search").hidden = about.classes.length <= FEW;
  at("format").append(...Object.entries(FORMATS).map(([name, { program }]) => new Option(program, name)));
  at("format").value = "audacity";
  listen();
  document.body.dataset.ready = "yes";
}

begin().catch(complain);
