import pandas as pd
import pytest

from sed_core.reporting.curves import learning_curves, read_history
from sed_core.runtime.errors import SedError


def history(best: float = 1.2) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": [0, 1, 2],
            "train/student/loss_strong": [0.5, None, 0.3],
            "val/obj_metric": [0.1, best, 1.0],
        }
    )


def test_best_epoch_of_each_seed_is_named() -> None:
    figure = learning_curves([history(1.2), history(1.1)], title="crnn on mini")
    objective = figure.axes[3]
    assert objective.texts[0].get_text() == "best: 1.200 at epoch 1\n1.100 at epoch 1"
    assert len(objective.lines) == 4  # two curves, two dots


def test_unlogged_columns_are_left_out_and_gaps_bridged() -> None:
    figure = learning_curves([history()], title="crnn on mini")
    losses, consistency = figure.axes[:2]
    assert [line.get_xdata().tolist() for line in losses.lines] == [[0, 2]]
    assert [text.get_text() for text in losses.get_legend().get_texts()] == ["strong labels"]
    assert list(consistency.lines) == []


def test_other_objectives_are_named_and_seen() -> None:
    losses = history(-0.1).assign(**{"val/obj_metric": [-0.9, -0.1, -0.3]})
    objective = learning_curves([losses, losses], title="stage 1").figure.axes[3]
    assert objective.get_ylabel() == "minus the loss" and objective.get_ylim()[0] < -0.9
    psds = history().assign(**{"val/synth/teacher/psds1": 0.4})
    assert learning_curves([psds], title="stage 2").axes[3].get_ylabel() == "PSDS"
    assert learning_curves([history()], title="2022").axes[3].get_ylabel().startswith("F1")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as a history"),
        ("epoch,step\n0,1\n", "has no column val/obj_metric"),
        ("epoch,val/obj_metric\n0,\n", "has no validated epoch"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message) -> None:
    path = tmp_path / "history.csv"
    path.write_text(content)
    with pytest.raises(SedError, match=message):
        read_history(path)
