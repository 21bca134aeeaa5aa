// A mel spectrogram of the part of a recording that is shown, computed for the pixels there are.

const SIZE = 1024; // samples of a transform
const BANDS = 96;
const RANGE = 70; // dB from the loudest to black
const MAP = [[0, 0, 4], [40, 11, 84], [101, 21, 110], [159, 42, 99], [212, 72, 66], [245, 125, 21], [250, 193, 39], [252, 255, 164]];

const mel = (hertz) => 2595 * Math.log10(1 + hertz / 700);
const hertz = (mels) => 700 * (10 ** (mels / 2595) - 1);

const window_ = Float64Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE));
const turns = Float64Array.from({ length: SIZE }, (_, i) => {
  const angle = (-2 * Math.PI * (i >> 1)) / SIZE;
  return i % 2 ? Math.sin(angle) : Math.cos(angle);
});

// In-place transform of complex numbers, real and imaginary parts apart (radix 2).
function transform(real, imaginary) {
  for (let i = 1, j = 0; i < SIZE; i++) {
    let bit = SIZE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let length = 2; length <= SIZE; length <<= 1) {
    const half = length >> 1;
    const step = SIZE / length;
    for (let begin = 0; begin < SIZE; begin += length) {
      for (let k = 0; k < half; k++) {
        const c = turns[2 * k * step];
        const s = turns[2 * k * step + 1];
        const a = begin + k;
        const b = a + half;
        const re = real[b] * c - imaginary[b] * s;
        const im = real[b] * s + imaginary[b] * c;
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
}

// Triangles at equal distances in mel: for each band its first bin and weights.
function filters(rate) {
  const edges = Array.from({ length: BANDS + 2 }, (_, i) => (hertz((mel(rate / 2) * i) / (BANDS + 1)) * SIZE) / rate);
  return Array.from({ length: BANDS }, (_, band) => {
    const [low, middle, high] = edges.slice(band, band + 3);
    const first = Math.floor(low);
    const last = Math.min(SIZE / 2, Math.ceil(high));
    const weights = [];
    for (let bin = first; bin <= last; bin++) {
      const rise = (bin - low) / (middle - low);
      const fall = (high - bin) / (high - middle);
      weights.push(Math.max(0, Math.min(rise, fall)));
    }
    if (!weights.some((weight) => weight > 0)) weights[Math.round(middle) - first] = 1; // narrower than a bin
    return { first, weights };
  });
}

// Decibels (columns x BANDS) of a part of the samples.
function decibels(samples, rate, start, length, columns) {
  const bank = filters(rate);
  const found = new Float32Array(columns * BANDS);
  const real = new Float64Array(SIZE);
  const imaginary = new Float64Array(SIZE);
  const width = (length * rate) / columns;
  const looks = Math.min(4, Math.max(1, Math.round(width / SIZE))); // transforms a column
  for (let column = 0; column < columns; column++) {
    for (let look = 0; look < looks; look++) {
      const middle = Math.round(start * rate + width * (column + (look + 0.5) / looks));
      for (let i = 0; i < SIZE; i++) {
        real[i] = ((samples[middle - SIZE / 2 + i] ?? 0) / 32768) * window_[i];
        imaginary[i] = 0;
      }
      transform(real, imaginary);
      for (let band = 0; band < BANDS; band++) {
        const { first, weights } = bank[band];
        let sum = 0;
        for (let i = 0; i < weights.length; i++) {
          if (weights[i]) sum += weights[i] * Math.hypot(real[first + i], imaginary[first + i]);
        }
        found[column * BANDS + band] += sum / looks;
      }
    }
  }
  return found.map((sum) => 20 * Math.log10(sum + 1e-6));
}

function colour(share, pixels, at) {
  const place = Math.min(1, Math.max(0, share)) * (MAP.length - 1);
  const below = Math.min(MAP.length - 2, Math.floor(place));
  for (let part = 0; part < 3; part++) {
    pixels[at + part] = MAP[below][part] + (place - below) * (MAP[below + 1][part] - MAP[below][part]);
  }
  pixels[at + 3] = 255;
}

// An image (columns x BANDS pixels, low sounds at the bottom) as a canvas to be drawn at any size.
export function spectrogram(samples, rate, start, length, columns) {
  const levels = decibels(samples, rate, start, length, columns);
  const loudest = Math.max(-60, levels.reduce((a, b) => Math.max(a, b), -200));
  const canvas = new OffscreenCanvas(columns, BANDS);
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, BANDS);
  for (let column = 0; column < columns; column++) {
    for (let band = 0; band < BANDS; band++) {
      const share = 1 + (levels[column * BANDS + band] - loudest) / RANGE;
      colour(share, image.data, 4 * ((BANDS - 1 - band) * columns + column));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
