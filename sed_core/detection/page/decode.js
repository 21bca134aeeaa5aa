// From frame scores to events, as sedlab detect does it (sed_core/detection/event_tracker.py).

// Half goes to the even neighbour, as numpy rounds.
export function rint(value) {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return part < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

// Seconds of a frame's border, rounded to microseconds.
export function frameTime(frame, frameSeconds) {
  return rint(frame * frameSeconds * 1e6) / 1e6;
}

// A number with so many decimals as text; exact halves go to the even digit, as Python prints.
export function fixed(value, places) {
  const text = value.toFixed(places);
  const digits = value.toFixed(Math.min(100, places + 60));
  const rest = digits.slice(digits.indexOf(".") + 1 + places);
  if (!/^50*$/.test(rest)) return text;
  const cut = digits.slice(0, digits.length - rest.length);
  return "02468".includes(cut.replace(/\.$/, "").at(-1)) ? cut.replace(/\.$/, "") : text;
}

const rounded = (value) => Number(fixed(value, 6));

const before = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// Events of a recording: {onset, offset, label (number of the class), mean, peak}, in order of time.
// scores: Float32Array of nFrames x nClasses; decisions: {thresholds, mergeGap, minLength}.
export function events(scores, classes, frameSeconds, { thresholds, mergeGap, minLength }) {
  const nClasses = classes.length;
  const nFrames = scores.length / nClasses;
  const found = [];
  for (let label = 0; label < nClasses; label++) {
    let span = null;
    const close = () => {
      if (span && (span.last - span.first) * frameSeconds >= minLength - 1e-9) {
        found.push({
          onset: frameTime(span.first, frameSeconds),
          offset: frameTime(span.last, frameSeconds),
          label,
          mean: rounded(span.total / span.count),
          peak: rounded(span.peak),
        });
      }
      span = null;
    };
    for (let frame = 0; frame < nFrames; frame++) {
      const score = scores[frame * nClasses + label];
      if (!(score > thresholds[label])) continue;
      const near = span && (frame - span.last) * frameSeconds <= mergeGap + 1e-9;
      if (span && frame !== span.last && !near) close();
      span ??= { first: frame, total: 0, count: 0, peak: 0 };
      span.last = frame + 1;
      span.total += score;
      span.count += 1;
      span.peak = Math.max(span.peak, score);
    }
    close();
  }
  return found.sort(
    (a, b) => a.onset - b.onset || a.offset - b.offset || before(classes[a.label], classes[b.label]),
  );
}
