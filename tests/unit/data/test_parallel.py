import os
import time
from collections.abc import Iterator

import pytest

from sed_core.data.parallel import IN_FLIGHT, ordered_map
from sed_core.runtime.errors import SedError


def slow_first(item: int) -> int:
    time.sleep(0.05 if item == 0 else 0)
    return item * item


def die(item: int) -> None:
    os._exit(9)


@pytest.mark.parametrize("jobs", [1, 2])
def test_order(jobs: int) -> None:
    assert list(ordered_map(slow_first, range(40), jobs=jobs)) == [i * i for i in range(40)]


def test_a_slow_reader_holds_the_work_back() -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = ordered_map(slow_first, items(), jobs=2)
    next(results)
    assert len(taken) == 2 * IN_FLIGHT
    results.close()


def test_a_killed_worker_is_one_sentence() -> None:
    with pytest.raises(SedError, match="memory ran out"):
        list(ordered_map(die, range(3), jobs=2))
