"""What DESED consists of and where it is published; nothing but data.

Record numbers, addresses and digests were gathered from the 2022 recipe and public code; where
the record's API publishes sizes and checksums, they are read from there when downloading.
"""

from typing import Any

ZENODO = "https://zenodo.org"


def _zenodo(record: int, key: str | None) -> dict[str, Any]:
    """A file of a record, or with key None all of its files."""
    address = f"{ZENODO}/record/{record}/files/{key}"
    return {
        "record": f"{ZENODO}/api/records/{record}",
        "key": key,
        "urls": [address] if key else [],
    }


# Per part: group, kind (file | archive | clips), target below the data root, where from.
# archive: unpacked into target; roots: folder names with which unpacked paths begin.
# clips: the list, below the root, names the clips; split names the missing-files report.
PARTS: dict[str, dict[str, Any]] = {
    "metadata": {
        "group": "real",
        "kind": "archive",
        "target": ".",
        "roots": ["metadata"],
        **_zenodo(4639776, "audioset_metadata.tar.gz"),
    },
    "weak": {
        "group": "real",
        "kind": "clips",
        "list": "metadata/train/weak.tsv",
        "target": "audio/train/weak",
    },
    "unlabelled": {
        "group": "real",
        "kind": "clips",
        "list": "metadata/train/unlabel_in_domain.tsv",
        "target": "audio/train/unlabel_in_domain",
    },
    "validation": {
        "group": "real",
        "kind": "clips",
        "list": "metadata/validation/validation.tsv",
        "target": "audio/validation/validation",
    },
    "strong_metadata": {
        "group": "strong",
        "kind": "file",
        "target": "metadata/train/audioset_strong.tsv",
        **_zenodo(6444477, "audioset_strong.tsv"),
    },
    "strong": {
        "group": "strong",
        "kind": "clips",
        "list": "metadata/train/audioset_strong.tsv",
        "target": "audio/train/strong_label_real",
    },
    "synth": {
        "group": "synth",
        "kind": "archive",
        "target": ".",
        "links": True,
        **_zenodo(6026841, "dcase_synth.zip"),
    },
    "public_eval": {
        "group": "eval",
        "kind": "archive",
        "target": ".",
        "roots": ["audio", "metadata"],
        **_zenodo(4560759, "DESED_public_eval.tar.gz"),
    },
    "eval21": {
        "group": "eval",
        "kind": "archive",
        "target": "audio/eval21",
        **_zenodo(4892545, None),
    },
    "panns": {
        "group": "weights",
        "kind": "file",
        "target": "pretrained/Cnn14_16k_mAP=0.438.pth",
        **_zenodo(3987831, "Cnn14_16k_mAP=0.438.pth"),
        "urls": [f"{ZENODO}/record/3987831/files/Cnn14_16k_mAP%3D0.438.pth"],
        "checksum": "sha256:e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6",
    },
    "ast": {
        "group": "weights",
        "kind": "file",
        "target": "pretrained/audioset_10_10_0.4593.pth",
        "urls": ["https://www.dropbox.com/s/cv4knew8mvbrnvq/audioset_0.4593.pth?dl=1"],
    },
    "checkpoint": {
        "group": "checkpoints",
        "kind": "file",
        "target": "checkpoints/epoch=156-step=18525.ckpt",
        **_zenodo(4639817, "epoch=156-step=18525.ckpt"),
    },
    "checkpoint_strong": {
        "group": "checkpoints",
        "kind": "file",
        "target": "checkpoints/audioset_strong",
        **_zenodo(6447197, None),
    },
    "embeddings_ast_unlabelled": {
        "group": "embeddings",
        "kind": "file",
        "target": "embeddings",
        **_zenodo(6541454, None),
    },
    "embeddings_ast": {
        "group": "embeddings",
        "kind": "file",
        "target": "embeddings",
        **_zenodo(6539466, None),
    },
    "embeddings_panns": {
        "group": "embeddings",
        "kind": "file",
        "target": "embeddings",
        **_zenodo(6518380, None),
    },
}

# What the reference's script downloads, in its order; its flags --only_real and so on.
REFERENCE_GROUPS = ("real", "strong", "synth")
