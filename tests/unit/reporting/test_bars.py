from sed_core.reporting.bars import class_bars


def test_bars_in_the_data_sets_order_with_undefined_ones_named(scores) -> None:
    figure = class_bars(scores(), title="crnn on mini")
    psds, collar = figure.axes
    assert [bar.get_width() for bar in psds.patches] == [0.5, 0.25, 0.0]
    assert [label.get_text() for label in psds.get_yticklabels()] == ["Cat", "Dog", "Speech"]
    assert [text.get_text() for text in collar.texts] == ["0.600", "undefined", "0.100"]
    assert psds.yaxis_inverted()
