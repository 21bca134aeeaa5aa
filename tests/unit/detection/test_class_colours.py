"""The colours of the page's classes can be told apart, and stand out from what is behind them."""

import re

import numpy as np
import pytest

from sed_core.detection.page_files import FOLDER

COUNT = 30
CONTRAST = 3.0
"""What WCAG 2.1 asks of graphics (1.4.11)."""
APART = 0.1
"""Distance in Oklab; neighbours that are just told apart have some 0.02."""


def linear(colour: str) -> np.ndarray:
    """(3,) light of red, green and blue, from `#rrggbb` or `#rgb` (IEC 61966-2-1)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
    value = np.array([int(digits[at : at + 2], 16) for at in (0, 2, 4)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Of WCAG 2.1, from the luminances of both."""
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def oklab(colour: str) -> np.ndarray:
    """(3,) lightness and two axes of colour (Ottosson, 2020)."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    axes = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(axes) @ np.cbrt(np.array(cones) @ linear(colour))


def variables(scheme: str) -> dict[str, str]:
    """The page's colours by day or by night, by name."""
    found = {}
    for file in ("page.css", "class_colours.css"):
        day, night = (FOLDER / file).read_text().split("@media (prefers-color-scheme: dark)")
        found |= dict(re.findall(r"--([\w-]+): (#\w+);", night if scheme == "dark" else day))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours(scheme):
    found = variables(scheme)
    colours = [found[f"class-{number}"] for number in range(COUNT)]
    for colour in colours:
        for behind in ("lane", "sheet"):
            assert contrast(colour, found[behind]) >= CONTRAST, (colour, behind)
    places = np.stack([oklab(colour) for colour in colours])
    distances = np.linalg.norm(places[:, None] - places, axis=2) + np.eye(COUNT)
    assert distances.min() >= APART, np.argwhere(distances < APART)


def test_the_page_counts_as_many():
    text = (FOLDER / "class_lanes.js").read_text()
    assert re.search(r"COLOURS = (\d+)", text).group(1) == str(COUNT)
