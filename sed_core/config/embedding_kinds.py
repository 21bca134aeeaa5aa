"""Kinds of embedding that a system can read: in which file each lies, and how it is fused."""

STORED = {
    "frame": "frame",
    "aligned": "aligned",
    "pool1d": "frame",
    "interpolate": "frame",
    "global": "global",
    "mean": "mean",
}
"""`pretrained.kind` -> the kind that is extracted: two ways to align read the file of `frame`."""

FUSIONS = {
    "frame": "frame",
    "aligned": "aligned",
    "pool1d": "aligned",
    "interpolate": "aligned",
    "global": "global",
    "mean": "global",
}
"""`pretrained.kind` -> the fusion (`net.embedding_type`) that takes it."""

DERIVED = ("aligned", "mean")
"""Extracted kinds that follow from `frame` (`Encoder.derived`)."""
