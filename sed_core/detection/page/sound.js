// Samples as a file, and the player of what the model heard.

// A mono WAV file of 16-bit samples.
export function wavFile(samples, rate) {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  const size = samples.byteLength;
  text(0, "RIFF");
  head.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * rate, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  text(36, "data");
  head.setUint32(40, size, true);
  return new Blob([head, samples], { type: "audio/wav" });
}

// Plays one recording; `moved` is told the time (s) whenever it changes, `changed` when it starts or stops.
export class Player {
  constructor(moved, changed) {
    this.audio = new Audio();
    this.moved = moved;
    for (const name of ["play", "pause", "ended"]) {
      this.audio.addEventListener(name, () => {
        changed(this.playing);
        if (this.playing) this.follow();
      });
    }
    this.audio.addEventListener("seeked", () => this.moved(this.time));
  }

  load(samples, rate) {
    if (this.audio.src) URL.revokeObjectURL(this.audio.src);
    this.audio.src = URL.createObjectURL(wavFile(samples, rate));
    this.duration = samples.length / rate;
  }

  get playing() {
    return !this.audio.paused && !this.audio.ended;
  }

  get time() {
    return this.audio.currentTime;
  }

  seek(time) {
    this.audio.currentTime = Math.min(Math.max(0, time), this.duration);
    this.moved(this.time);
  }

  play() {
    this.audio.play().catch(() => {}); // paused again before it began
  }

  pause() {
    this.audio.pause();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  follow() {
    this.moved(this.time);
    if (this.playing) requestAnimationFrame(() => this.follow());
  }
}
