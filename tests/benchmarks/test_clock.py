"""Work is taken in turn, and ratios are those of the same round."""

from benchmarks.clock import interleaved, ratio, seconds


def test_in_turn():
    done = []
    taken = interleaved({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3, "cpu")
    assert done == list("ababab")
    assert {key: len(times) for key, times in taken.items()} == {"a": 3, "b": 3}


def test_a_clock_that_runs():
    assert 0 < seconds(lambda: sum(range(10_000)), "cpu") < 5


def test_a_change_of_speed_leaves_the_ratio():
    """In the second round the machine was ten times slower: each round says twice as fast."""
    assert ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2


def test_another_clock():
    ticks = iter(range(8))
    assert interleaved({"a": int, "b": int}, 2, "cpu", now=lambda: next(ticks)) == {"a": [1, 1], "b": [1, 1]}
