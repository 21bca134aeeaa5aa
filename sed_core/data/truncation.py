"""Whether a recording is as long as its header says.

libsndfile reads what is there and reports the rest as its end; only its log says that the header
told of more.
"""

import re
from pathlib import Path

import soundfile as sf

TOLERANCE = 0.05  # s: encoders count their padding in different ways
OPEN = 2**31 - 2**16  # bytes: from about here on, a length is what streams say that have no end yet

_SIZES = re.compile(r"^ *(?:data|SSND|Data Size|riff) +: (\d+) \(should be (\d+)\)", re.MULTILINE)
_MP3_LENGTHS = (b"Xing", b"Info", b"VBRI")  # in the first frame; without one, a length is a guess
_MP3_FRAME = 2048  # bytes: none is longer


def missing_seconds(sound: sf.SoundFile, path: Path, frames: int) -> float:
    """Seconds of sound that the header announces and the file lacks; 0 if it is complete.

    Args:
        sound: the open file.
        path: of it.
        frames: that it gave.
    """
    missing = 0.0
    if sound.format != "MP3" or _tells_length(path):
        missing = (sound.frames - frames) / sound.samplerate
    for told, held in _SIZES.findall(sound.extra_info):
        if int(held) < int(told) < OPEN:
            missing = (int(told) / int(held) - 1) * frames / sound.samplerate
    return missing if missing > TOLERANCE else 0.0


def _tells_length(path: Path) -> bool:
    """Whether an MP3 file begins, after its ID3 tag, with a frame that counts the others."""
    with path.open("rb") as stream:
        tag = stream.read(10)
        size = 0
        if tag[:3] == b"ID3":
            for byte in tag[6:10]:  # 7 bits each
                size = size << 7 | byte & 0x7F
            size += len(tag)
        stream.seek(size)
        start = stream.read(_MP3_FRAME)
    return any(word in start for word in _MP3_LENGTHS)
