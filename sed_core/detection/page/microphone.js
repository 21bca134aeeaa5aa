// A recording from the microphone, as a WAV file; nothing is kept of it.

import { wavFile } from "./sound.js";

const REASONS = {
  NotAllowedError: "the browser may not use the microphone; allow it in the settings of this page.",
  NotFoundError: "no microphone was found; connect one, or choose a file.",
  NotReadableError: "another program uses the microphone; close it, and record again.",
};
// What calls need spoils the sounds of a room.
const RAW = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const TOLD = 2048; // samples between two tellings

export class Microphone {
  // moved(seconds, peak): more was recorded, with this loudest sample.
  constructor(moved) {
    Object.assign(this, { moved, stream: null });
  }

  get recording() {
    return this.stream !== null;
  }

  async start() {
    if (!navigator.mediaDevices) {
      throw new Error("the browser gives the microphone only to pages of this machine or of https addresses.");
    }
    const stream = await navigator.mediaDevices.getUserMedia({ audio: RAW }).catch((error) => {
      throw new Error(REASONS[error.name] ?? `the microphone cannot be used (${error.message}).`);
    });
    try {
      const context = new AudioContext();
      await context.audioWorklet.addModule(new URL("./microphone_worklet.js", import.meta.url));
      const taker = new AudioWorkletNode(context, "taker", { numberOfOutputs: 0 });
      taker.port.onmessage = ({ data }) => this.take(data);
      context.createMediaStreamSource(stream).connect(taker);
      Object.assign(this, { stream, context, blocks: [], count: 0, peak: 0 });
    } catch (error) {
      stream.getTracks().forEach((track) => track.stop());
      throw error;
    }
  }

  take(block) {
    if (!this.recording) return;
    this.blocks.push(Int16Array.from(block, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768)))));
    const before = Math.floor(this.count / TOLD);
    this.count += block.length;
    for (const sample of block) this.peak = Math.max(this.peak, Math.abs(sample));
    if (Math.floor(this.count / TOLD) === before) return;
    this.moved(this.count / this.context.sampleRate, this.peak);
    this.peak = 0;
  }

  // What was recorded, as a file.
  stop() {
    this.stream.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.context.close();
    const samples = new Int16Array(this.count);
    let place = 0;
    for (const block of this.blocks) {
      samples.set(block, place);
      place += block.length;
    }
    this.blocks = [];
    if (!samples.length) throw new Error("nothing was recorded; record for longer, or choose a file.");
    const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
    return new File([wavFile(samples, this.context.sampleRate)], `microphone_${time}.wav`, { type: "audio/wav" });
  }
}
