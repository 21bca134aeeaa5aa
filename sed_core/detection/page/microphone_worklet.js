// Hands on what the microphone gives, block by block.

class Taker extends AudioWorkletProcessor {
  process([channels]) {
    if (channels.length) this.port.postMessage(channels[0].slice());
    return true;
  }
}

registerProcessor("taker", Taker);
