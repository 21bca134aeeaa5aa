// Scores of a whole recording from a network that scores windows or patches of it, as
// sed_core/inference/windows.py, stitching.py and sed_core/detection/listener.py do it.

// First samples of the windows of a recording.
export function starts(count, { window, frame, step, join, spare }) {
  const last = count - window;
  if (spare ? last * spare < window : 2 * last < frame) return [0];
  const toLast = spare || join === "centre"; // else zeros follow the end
  const found = [];
  for (let start = 0; start < (toLast ? last : count); start += step) found.push(start);
  return toLast ? [...found, last] : found;
}

const frameOf = (start, { frame }) => Math.floor((2 * start + frame) / (2 * frame));

export function frameCount(count, hearing) {
  const last = count - hearing.window;
  const one = starts(count, hearing).length === 1;
  if (hearing.join === "centre" || (hearing.spare && !one)) return hearing.frames + (one ? 0 : frameOf(last, hearing));
  if (one && last >= 0) return hearing.frames;
  return Math.max(1, Math.floor(count / hearing.frame));
}

// What windows hold until all are joined: C numbers a frame, and the weights of `mean`.
class Joined {
  constructor(frames, hearing) {
    const { of, join } = hearing;
    Object.assign(this, { of, hearing, end: 0 });
    this.held = new (join === "mean" ? Float64Array : Float32Array)(frames * of);
    this.weight = join === "mean" ? new Float64Array(frames) : null;
  }

  add(strong, begin) {
    const { of, hearing, held } = this;
    const frames = strong.length / of;
    const shared = Math.max(0, this.end - begin);
    const first = hearing.join === "centre" ? Math.floor(shared / 2) : 0;
    for (let t = first; t < frames && begin + t < held.length / of; t++) {
      const share = frames === 1 ? 0 : Math.abs((2 * t) / (frames - 1) - 1);
      const weight = hearing.edge + (1 - hearing.edge) * (1 - share);
      if (this.weight) this.weight[begin + t] += weight;
      for (let c = 0; c < of; c++) {
        const place = (begin + t) * of + c;
        const score = strong[t * of + c];
        if (hearing.join === "mean") {
          const sure = Math.min(Math.max(score, hearing.sure), 1 - hearing.sure);
          held[place] += weight * Math.log(sure / (1 - sure));
        } else {
          held[place] = hearing.join === "maximum" && t < shared ? Math.max(held[place], score) : score;
        }
      }
    }
    this.end = begin + frames;
  }

  scores() {
    if (!this.weight) return this.held;
    return Float32Array.from(this.held, (sum, i) => 1 / (1 + Math.exp(-sum / this.weight[Math.floor(i / this.of)])));
  }
}

async function hearWindows(run, samples, hearing, progress) {
  const places = starts(samples.length, hearing);
  const frames = frameCount(samples.length, hearing);
  const joined = new Joined(frames, hearing);
  for (const [number, start] of places.entries()) {
    const window = new Float32Array(hearing.window);
    window.set(samples.subarray(start, start + hearing.window));
    const strong = await run(window);
    if (places.length === 1) return strong.slice(0, frames * hearing.of);
    joined.add(strong, frameOf(start, hearing));
    progress((number + 1) / places.length);
  }
  return joined.scores();
}

const PATCHES = 64; // at a time

async function hearPatches(run, samples, { hop, patch, before, of }, progress) {
  const count = Math.ceil(samples.length / hop);
  const padded = new Float32Array(Math.max(before + samples.length, patch + (count - 1) * hop));
  padded.set(samples, before);
  const scores = new Float32Array(count * of);
  for (let first = 0; first < count; first += PATCHES) {
    const many = Math.min(PATCHES, count - first);
    const begin = first * hop;
    scores.set(await run(padded.slice(begin, begin + patch + (many - 1) * hop)), first * of);
    progress((first + many) / count);
  }
  return scores;
}

// Each class by its window of frames, edges reflected, as scipy's filter does it.
export function medianFiltered(scores, medians) {
  const classes = medians.length;
  const frames = scores.length / classes;
  const found = scores.slice();
  medians.forEach((size, label) => {
    if (size === 1) return;
    const half = Math.floor(size / 2);
    const near = new Float32Array(size);
    for (let frame = 0; frame < frames; frame++) {
      for (let i = 0; i < size; i++) {
        let place = (((frame - half + i) % (2 * frames)) + 2 * frames) % (2 * frames);
        if (place >= frames) place = 2 * frames - 1 - place;
        near[i] = scores[place * classes + label];
      }
      found[frame * classes + label] = near.slice().sort()[half];
    }
  });
  return found;
}

// Filtered scores (frames x classes wanted) of (n,) samples; run: samples -> scores of a piece.
export async function scoresOf(run, samples, hearing, progress = () => {}) {
  const hear = { windows: hearWindows, patches: hearPatches }[hearing.kind];
  const all = await hear(run, samples, hearing, progress);
  const { columns, of } = hearing;
  const frames = all.length / of;
  const wanted = new Float32Array(frames * columns.length);
  for (let t = 0; t < frames; t++) columns.forEach((column, c) => (wanted[t * columns.length + c] = all[t * of + column]));
  return medianFiltered(wanted, hearing.medians);
}
