from pathlib import Path

import pytest

from sed_core.data.adopt import DESED, Place, adopt, link_synth
from sed_core.data.audio_files import audio_files
from sed_core.data.folder_state import describe_folder, fingerprint
from sed_core.runtime.errors import SedError


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def snapshot(root: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in root.rglob("*"))


def test_reference_layout_with_what_users_do_to_it(tmp_path: Path) -> None:
    root = tmp_path / "dcase" / "dataset"
    for split in ("train", "validation"):
        place = f"{split}/synthetic21_{split}"
        put(root / "dcase_synth/audio" / place / "soundscapes", "1.wav", "2.wav", "1.jams")
        put(root / "dcase_synth/metadata" / place, "soundscapes.tsv")
    weak = put(root / "audio/train/weak_16k", "a.wav", "b.wav")
    put(root / "audio/train/weak")  # made, but never filled
    elsewhere = put(tmp_path / "big disk", "c.FLAC", ".hidden.wav", "notes.txt")
    (root / "audio/train/unlabel_in_domain").symlink_to(elsewhere)
    both = put(root / "audio/validation/validation", "d.wav")
    put(root / "audio/validation/validation_16k", "d.wav")
    nested = put(root / "audio/eval21/eval21/audio", "e.wav")
    put(root / "metadata/train", "weak.tsv", "unlabel_in_domain.tsv")
    put(root / "metadata/validation", "validation.tsv")

    before = snapshot(tmp_path)
    for start in (root, tmp_path):  # the tree, or the reference's basedir
        found = adopt(start)
        metadata = root / "metadata"
        assert found.splits["weak"] == Place(weak, metadata / "train/weak.tsv", 2)
        unlabelled = root / "audio/train/unlabel_in_domain"
        table = metadata / "train/unlabel_in_domain.tsv"
        assert found.splits["unlabelled"] == Place(unlabelled, table, 1)
        assert found.splits["devtest"].audio == both
        assert found.splits["eval"] == Place(nested, None, 1)
        synth = found.splits["synth"]
        assert synth.clips == 2
        assert synth.audio == root / "dcase_synth/audio/train/synthetic21_train/soundscapes"
        assert synth.annotations == (
            root / "dcase_synth/metadata/train/synthetic21_train/soundscapes.tsv"
        )
        assert [line.split(":")[0] for line in found.absent] == [
            "strong", "strong", "public_eval", "public_eval",
        ]  # fmt: skip
        assert (
            "audio/train/strong_label_real (or audio/train/strong_label_real_16k)"
            in (found.absent[0])
        )
    assert snapshot(tmp_path) == before


def test_own_splits_and_wrong_root(tmp_path: Path) -> None:
    put(tmp_path / "birds", "1.wav")
    found = adopt(tmp_path, {"train": ("birds", None)})
    assert found.splits["train"].clips == 1
    assert found.absent == []
    assert len(adopt(put(tmp_path / "empty")).absent) == 2 * len(DESED) - 1
    with pytest.raises(SedError, match="SED_DATA"):
        adopt(tmp_path / "nothing")


@pytest.mark.parametrize("inside", ["train", "train/train", "URBAN/train", "URBAN/train/train"])
def test_what_unpacking_makes_of_a_tree(tmp_path: Path, inside: str) -> None:
    """A zip with a folder of its own, unpacked in a folder of that name, or not."""
    root = tmp_path / "URBAN"
    audio = put(root / inside / "audio", "1.wav")
    table = put(root / inside, "annotations.csv") / "annotations.csv"
    found = adopt(root, {"train": ("train/audio", "train/annotations.csv")})
    assert found.splits["train"] == Place(audio, table, 1) and found.absent == []


def test_recordings_in_a_folder_for_each_place(tmp_path: Path) -> None:
    audio = tmp_path / "audio"
    (
        put(audio / "cafe", "1.wav"),
        put(audio / "street", "2.wav", "3.txt"),
        put(audio / ".x", "4.wav"),
    )
    found = adopt(tmp_path, {"train": ("audio", None)})
    assert found.splits["train"] == Place(audio, None, 2)
    assert set(audio_files(audio)) == {"1.wav", "2.wav"}
    before = fingerprint(audio)
    put(audio / "street", "5.wav")
    assert fingerprint(audio) != before
    assert describe_folder("train", audio, None)["files"] == 4
    put(audio / "street", "1.wav")
    with pytest.raises(SedError, match=r"1\.wav lies in cafe and in street"):
        audio_files(audio)
    put(audio, "6.wav")
    assert set(audio_files(audio)) == {"6.wav"}, "subfolders beside recordings are not read"


def test_links_of_the_synthetic_part(tmp_path: Path) -> None:
    root = tmp_path / "here"
    with pytest.raises(SedError, match=r"unpack dcase_synth\.zip into"):
        link_synth(root)
    for split in ("train", "validation"):
        place = f"{split}/synthetic21_{split}"
        put(root / "dcase_synth/audio" / place / "soundscapes", "1.wav")
        put(root / "dcase_synth/metadata" / place, "soundscapes.tsv", "notes.txt")
    own = put(root / "metadata/validation/synthetic21_validation", "soundscapes.tsv")
    wrong = root / "audio/validation/synthetic21_validation"
    wrong.parent.mkdir(parents=True)
    wrong.symlink_to(tmp_path / "base" / "dcase_synth")  # the reference with --out_dir
    links = link_synth(root)
    assert link_synth(root) == links
    assert len(links) == 4
    assert not (own / "soundscapes.tsv").is_symlink()  # a user's own file stays
    moved = root.rename(tmp_path / "there")
    found = adopt(moved)
    for split, (audio, table) in list(DESED.items())[:2]:
        assert found.splits[split] == Place(moved / audio, moved / str(table), 1)
