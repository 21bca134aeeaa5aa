"""Score files of other programs: what is read, and one sentence for what is wrong."""

import json

import h5py
import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.__main__ import main
from sed_core.scoring.score_file import read_frames

FILES, CLASSES = ["a.wav", "b.wav"], ["Cat", "Dog"]


@pytest.fixture
def tables(tmp_path):
    rows = ["filename\tonset\toffset\tevent_label", "a.wav\t1.0\t2.0\tCat", "b.wav\t0.5\t3.0\tDog"]
    (tmp_path / "truth.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "durations.tsv").write_text("filename\tduration\na.wav\t10.0\nb.wav\t10.0\n")
    return [f"--truth={tmp_path / 'truth.tsv'}", f"--durations={tmp_path / 'durations.tsv'}"]


def write(path, *, name="mine", frames=(50, 40), dtype=np.float32):
    with h5py.File(path, "w") as file:
        file["filenames"] = FILES
        file["n_frames"] = np.array(frames)
        file.attrs["classes"] = json.dumps(CLASSES)
        file.attrs["frame_seconds"] = 0.1
        strong = np.random.default_rng(0).random((2, max(frames), 2))
        file[f"{name}/strong"] = strong.astype(dtype)
    return strong


def replaced(name, value):
    def edit(file):
        del file[name]
        file[name] = value

    return edit


def attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def as_group(name):
    def edit(file):
        del file[name]
        file.create_group(name)

    return edit


def endless(file):
    del file["filenames"]
    file.create_dataset("filenames", (10**13,), h5py.string_dtype(), chunks=(1024,))


def unwritten(file):
    del file["mine/strong"]
    file.create_dataset("mine/strong", (2, 10**9, 2), np.float32, chunks=(1, 1024, 2))
    file["n_frames"][:] = 10**9


WRONG = [
    (replaced("mine/strong", np.zeros((2, 50), "f4")), r"`strong` is float32 with shape \(2, 50\)"),
    (replaced("mine/strong", np.zeros((2, 50, 3), "f4")), "expected floating point, 2 clips x"),
    (replaced("mine/strong", np.zeros((2, 50, 1), "f4")), "frames x 2 classes"),
    (replaced("mine/strong", np.zeros((1, 50, 2), "f4")), "expected floating point, 2 clips x"),
    (replaced("mine/strong", np.zeros((2, 50, 2), "i4")), "`strong` is int32"),
    (replaced("mine/strong", np.full((2, 50, 2), b"0.5")), r"`strong` is \|S3"),
    (replaced("mine/strong", np.full((2, 50, 2), np.nan)), "a.wav are not all finite"),
    (as_group("mine/strong"), "`strong` is a group; expected an array"),
    (as_group("n_frames"), "`n_frames` is a group; expected an array"),
    (lambda file: file.__delitem__("filenames"), "`filenames` is missing"),
    (lambda file: file.__delitem__("mine"), "has no network at all"),
    (replaced("mine/weak", np.zeros((2, 3), "f4")), r"`weak` is float32 with shape \(2, 3\)"),
    (replaced("n_frames", np.array([50, 51])), "n_frames of b.wav is 51, but `strong` has 50"),
    (replaced("n_frames", np.array([50, -1])), "n_frames of b.wav is -1"),
    (replaced("n_frames", np.array([50.0, 40.0])), "`n_frames` is float64"),
    (replaced("n_frames", np.array([50])), "expected one whole number for each of 2 clips"),
    (replaced("filenames", ["a.wav", "a.wav"]), "the clip a.wav is there twice"),
    (replaced("filenames", np.array([1, 2])), "`filenames` is int64"),
    (attribute("frame_seconds", 0.0), "`frame_seconds` is .*expected seconds above 0"),
    (attribute("frame_seconds", -0.064), "expected seconds above 0"),
    (attribute("frame_seconds", np.nan), "expected seconds above 0"),
    (attribute("frame_seconds", "0.064"), "expected seconds above 0"),
    (attribute("classes", "Cat, Dog"), "must be a JSON list of class names"),
    (attribute("classes", '["Cat", "Cat"]'), "each once"),
    (endless, "not a whole score file"),
    (unwritten, "was never written, or is damaged"),
]


@pytest.mark.parametrize(("edit", "message"), WRONG)
def test_wrong_files_are_refused_in_a_sentence(edit, message, tables, tmp_path):
    path = tmp_path / "s.h5"
    write(path)
    with h5py.File(path, "a") as file:
        if message.startswith("`weak`"):
            file["mine/weak"] = 0
        edit(file)
    with pytest.raises(SedError, match=message) as error:
        main([str(path), *tables])
    assert str(path) in str(error.value)


def test_a_damaged_heap_or_a_cut_file_is_refused(tables, tmp_path):
    path = tmp_path / "s.h5"
    write(path)
    whole = path.read_bytes()
    heap = whole.index(b"GCOL")
    for damaged in (
        whole[:heap] + bytes(64) + whole[heap + 64 :],
        whole[: heap + 16] + b"\xff" * 48 + whole[heap + 64 :],
        whole[: len(whole) // 2],
    ):
        path.write_bytes(damaged)
        with pytest.raises(SedError, match=r"not a whole score file|is not UTF-8|is there twice"):
            main([str(path), *tables])


def test_any_name_of_a_network_and_no_weak_scores(tables, tmp_path, capsys):
    for suffix in ("h5", "H5", "hdf", "scores"):
        path = tmp_path / f"s.{suffix}"
        write(path, name="my-net")
        main([str(path), *tables])
        assert "\nmy-net " in capsys.readouterr().out


def test_a_long_clip_pads_no_other(tmp_path):
    """What is kept are the frames there are, and one slot more a clip."""
    strong = write(tmp_path / "s.h5", frames=(2_000, 5), dtype=np.float64)
    ((_, frames),) = read_frames(tmp_path / "s.h5")
    assert len(frames.time) == 2_000 + 5 + 2
    assert frames.time[frames.first[1] :].tolist() == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    for label, line in enumerate(frames.lines):
        assert line.dtype == np.float64
        np.testing.assert_array_equal(line[:2000], strong[0, :, label])
        np.testing.assert_array_equal(line[2001:2006], strong[1, :5, label])
        assert np.isneginf(line[[2000, 2006]]).all()
