// The network, away from the page, which stays awake meanwhile.

import * as ort from "./onnxruntime-web/ort.wasm.bundle.min.mjs";
import { scoresOf } from "./hearing.js";

ort.env.wasm.numThreads = 1; // more needs headers that a plain server of files does not send
ort.env.wasm.wasmPaths = { wasm: new URL("./onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url).href };
const network = ort.InferenceSession.create(new URL("./model.onnx", import.meta.url).href, {
  executionProviders: ["wasm"],
  logSeverityLevel: 3,
});
network.catch(() => {}); // told to whoever asks
let newest;

self.addEventListener("message", async ({ data: { number, samples, hearing } }) => {
  newest = number;
  try {
    const session = await network;
    const run = async (piece) => {
      const waveform = new ort.Tensor("float32", piece, [1, piece.length]);
      const found = await session.run({ waveform });
      return found[session.outputNames[0]].data;
    };
    const scores = await scoresOf(run, samples, hearing, (share) => {
      if (number !== newest) throw new Error("another recording took its place");
      self.postMessage({ number, share });
    });
    self.postMessage({ number, scores }, [scores.buffer]);
  } catch (error) {
    self.postMessage({ number, error: `the model could not be run in this browser (${error.message ?? error}).` });
  }
});
