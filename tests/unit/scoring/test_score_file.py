import h5py
import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.score_file import read_scores, score_writer

FILENAMES = ["a.wav", "b.wav", "c.wav"]


def write(path, *, rows=3, nan=False):
    rng = np.random.default_rng(0)
    strong = {n: rng.random((3, 5, 2), np.float32) for n in ("student", "teacher")}
    weak = {n: rng.random((3, 2), np.float32) for n in ("student", "teacher")}
    if nan:
        strong["teacher"][1, 2, 0] = np.nan
    with score_writer(
        path, filenames=FILENAMES, classes=["Cat", "Dög"], n_frames=[5, 3, 5], frame_seconds=0.064
    ) as writer:
        for name in strong:
            writer.put(name, slice(0, 2), strong[name][:2], weak[name][:2])
            if rows == 3:
                writer.put(name, slice(2, 3), strong[name][2:], weak[name][2:])
    return strong, weak


def test_what_is_written_batch_by_batch_is_read_back(tmp_path):
    strong, weak = write(tmp_path / "s.h5")
    scores = read_scores(tmp_path / "s.h5")
    assert scores.filenames == FILENAMES
    assert scores.classes == ["Cat", "Dög"]
    assert scores.frame_seconds == 0.064
    assert scores.n_frames.tolist() == [5, 3, 5]
    assert list(scores.networks) == ["student", "teacher"]
    for name, net in scores.networks.items():
        np.testing.assert_array_equal(net.strong, strong[name])
        np.testing.assert_array_equal(net.weak, weak[name])
    assert list(read_scores(tmp_path / "s.h5", ["teacher"]).networks) == ["teacher"]


def test_equal_scores_are_equal_bytes(tmp_path):
    write(tmp_path / "s.h5")
    write(tmp_path / "t.h5")
    assert (tmp_path / "s.h5").read_bytes() == (tmp_path / "t.h5").read_bytes()


def test_select_reorders_every_part(tmp_path):
    strong, _ = write(tmp_path / "s.h5")
    chosen = read_scores(tmp_path / "s.h5").select(["c.wav", "b.wav"])
    assert chosen.n_frames.tolist() == [5, 3]
    np.testing.assert_array_equal(chosen.networks["teacher"].strong, strong["teacher"][[2, 1]])


def test_a_forgotten_row_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="student: no scores put for row 2"):
        write(tmp_path / "s.h5", rows=2)
    assert list(tmp_path.iterdir()) == []


def test_bad_files_are_named(tmp_path):
    path = tmp_path / "s.h5"
    with pytest.raises(SedError, match=r"s\.h5 does not exist"):
        read_scores(path)
    path.write_bytes(b"not hdf5")
    with pytest.raises(SedError, match="not a whole score file"):
        read_scores(path)
    write(path)
    with h5py.File(path, "a") as file:
        del file["student/weak"]
    with pytest.raises(SedError, match="student: `weak`, the scores of whole clips, is missing"):
        read_scores(path)
    write(path, nan=True)
    with pytest.raises(SedError, match=r"teacher: the scores of b\.wav are not all finite"):
        read_scores(path)
