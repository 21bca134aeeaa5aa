"""Seeds that depend on the position in a run, so that a resumed run draws the same numbers."""

import hashlib


def derive(*keys: int | str) -> int:
    """A 63-bit seed from a run's seed and a place in it, for example (42, "step", 118).

    Every draw of training is seeded by its step instead of by what was drawn before. A run that
    continues from a checkpoint therefore needs no saved generator states.
    """
    text = "\0".join(str(key) for key in keys)
    value = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(value, "little") >> 1
