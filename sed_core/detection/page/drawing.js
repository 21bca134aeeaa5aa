// What is drawn in the lanes. A view is {start, length} in seconds.

import { spectrogram } from "./spectrogram.js";

const AXIS = 18; // pixels of the line of times

// The context of a canvas with as many pixels as the screen shows, in CSS pixels.
function prepared(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = globalThis.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return { context, width, height };
}

export function clock(seconds, decimals = 1) {
  const minutes = Math.floor(seconds / 60);
  const rest = (seconds - 60 * minutes).toFixed(decimals);
  return `${minutes}:${rest.padStart(decimals ? 3 + decimals : 2, "0")}`;
}

export function drawSpectrogram(canvas, heard, view, colours) {
  const { context, width, height } = prepared(canvas);
  if (!width) return;
  const image = spectrogram(heard.samples, heard.sampleRate, view.start, view.length, Math.ceil(width));
  context.drawImage(image, 0, 0, width, height - AXIS);
  context.fillStyle = colours.lane;
  context.fillRect(0, height - AXIS, width, AXIS);
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
  const step = steps.find((one) => (one / view.length) * width > 64) ?? 3600;
  context.fillStyle = context.strokeStyle = colours.soft;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let n = Math.ceil(view.start / step); n * step <= view.start + view.length; n++) {
    const x = ((n * step - view.start) / view.length) * width;
    context.fillRect(x, height - AXIS, 1, 5);
    const text = clock(n * step, step < 1 ? 1 : 0);
    if (x + 4 + context.measureText(text).width < width) context.fillText(text, x + 4, height - AXIS / 2 + 1);
  }
}

// Curve, threshold and events of one class.
export function drawClass(canvas, { scores, nClasses, label, frameSeconds, threshold, events, colour }, view, colours) {
  const { context, width, height } = prepared(canvas);
  if (!width) return;
  const x = (time) => ((time - view.start) / view.length) * width;
  const y = (score) => height - 8 - score * (height - 12);
  context.globalAlpha = 0.28;
  context.fillStyle = colour;
  for (const event of events) context.fillRect(x(event.onset), 0, Math.max(1, x(event.offset) - x(event.onset)), height);
  context.globalAlpha = 1;
  for (const event of events) context.fillRect(x(event.onset), height - 6, Math.max(2, x(event.offset) - x(event.onset)), 6);

  const nFrames = scores.length / nClasses;
  const first = Math.max(0, Math.floor(view.start / frameSeconds));
  const last = Math.min(nFrames, Math.ceil((view.start + view.length) / frameSeconds));
  const perPixel = Math.max(1, Math.floor((last - first) / (2 * width)));
  context.beginPath();
  for (let frame = first; frame < last; frame += perPixel) {
    let most = 0;
    for (let i = frame; i < Math.min(last, frame + perPixel); i++) most = Math.max(most, scores[i * nClasses + label]);
    context.lineTo(x(frame * frameSeconds), y(most));
    context.lineTo(x((frame + perPixel) * frameSeconds), y(most));
  }
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  context.stroke();
  context.setLineDash([5, 4]);
  context.strokeStyle = colours.soft;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(0, y(threshold));
  context.lineTo(width, y(threshold));
  context.stroke();
  context.setLineDash([]);
}
