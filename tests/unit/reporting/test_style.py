import numpy as np
import pytest

from sed_core.reporting import style


def test_names_move_apart_as_little_as_possible() -> None:
    assert style.spaced([0.2, 0.5], low=0, high=1, gap=0.1) == pytest.approx([0.2, 0.5])
    assert style.spaced([0.5, 0.5], low=0, high=1, gap=0.1) == pytest.approx([0.45, 0.55])
    assert style.spaced([1.0, 1.0], low=0, high=1, gap=0.1) == pytest.approx([0.9, 1.0])
    assert style.spaced([0.0, 0.02], low=0, high=1, gap=0.1) == pytest.approx([0.0, 0.1])


def test_gaps_shrink_where_there_is_no_room() -> None:
    places = style.spaced([0.5] * 5, low=0, high=1, gap=0.5)
    assert places == pytest.approx([0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_equal_figures_are_equal_bytes(tmp_path, kind) -> None:
    for name in ("a", "b"):
        figure, grid = style.new(2, 2)
        grid[0, 0].plot(np.arange(5), np.arange(5) ** 2, "o-", label="x")
        style.save(figure, tmp_path / f"{name}.{kind}", title="Squares")
    first = (tmp_path / f"a.{kind}").read_bytes()
    assert first == (tmp_path / f"b.{kind}").read_bytes()
    assert kind == "png" or b"<title>Squares</title>" in first


def test_classes_beyond_the_palette_change_their_dash() -> None:
    looks = {(style.colour(i), str(style.dash(i))) for i in range(25)}
    assert len(looks) == 25
