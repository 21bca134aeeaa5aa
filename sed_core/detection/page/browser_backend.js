// Scores computed in the browser; no sound leaves it.

const worker = new Worker(new URL("./hearing_worker.js", import.meta.url), { type: "module" });
let asked = 0; // recordings

// Mono samples of a file at the model's rate.
async function decoded(file, rate) {
  const context = new OfflineAudioContext(1, 1, rate);
  let sound;
  try {
    sound = await context.decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Error("this browser cannot read the file as sound; try WAV, MP3 or Ogg.");
  }
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    sound.getChannelData(channel).forEach((sample, i) => (mono[i] += sample / sound.numberOfChannels));
  }
  return mono;
}

function scored(number, samples, hearing, progress) {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if (data.number !== number) return; // an earlier recording's
      if (data.share !== undefined) progress(data.share);
      else if (data.error) reject(new Error(data.error));
      else resolve(data.scores);
    };
    worker.onerror = () => reject(new Error("the model could not be loaded; reload the page."));
    worker.postMessage({ number, samples, hearing });
  });
}

// Scores and samples of a file: {scores, samples, sampleRate}; never, once another file is asked for.
export async function hear(file, about, progress) {
  const number = ++asked;
  if (file.size > about.limits.bytes) {
    throw new Error(`the file is larger than ${about.limits.bytes / 1e6} MB, which is what this page takes.`);
  }
  const sampleRate = about.sample_rate;
  const mono = await decoded(file, sampleRate);
  if (number !== asked) return new Promise(() => {});
  if (mono.length > about.limits.seconds * sampleRate) {
    throw new Error(`the recording is longer than ${about.limits.seconds / 60} minutes, which is what this page takes.`);
  }
  if (!mono.length) throw new Error("the file holds no samples.");
  const samples = Int16Array.from(mono, (sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32768))));
  const scores = await scored(number, mono, about.hearing, progress);
  return { scores, samples, sampleRate };
}
