// Scores from the server that shows the page.

// Scores and samples of a file: {scores, samples, sampleRate}.
export async function hear(file, about) {
  if (file.size > about.limits.bytes) {
    throw new Error(
      `the file is larger than ${about.limits.bytes / 1e6} MB, which is what this page takes; ` +
        "use sedlab detect, which takes files of any size.",
    );
  }
  let response;
  try {
    response = await fetch("hear", {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: file,
    });
  } catch {
    throw new Error("the page's server does not answer; start sedlab serve again.");
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Error(told.error ?? `the server failed (${response.status}); its terminal says why.`);
  }
  const content = await response.arrayBuffer();
  const length = new DataView(content).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  const count = head.n_frames * about.classes.length;
  const scores = new Float32Array(content, 4 + length, count);
  const samples = new Int16Array(content, 4 + length + 4 * count, head.n_samples);
  return { scores, samples, sampleRate: head.sample_rate };
}
