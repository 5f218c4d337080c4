"""Now and then instead of each time, in bounded memory."""

from privyseal.sparing import Sparing


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_each_key_is_allowed_once_in_its_time() -> None:
    watch = Watch()
    sparing = Sparing(60.0, now=watch)
    assert [sparing.allow(key) for key in ("a", "a", "b", "a")] == [True, False, True, False]
    watch.seconds = 59.9
    assert not sparing.allow("a")
    watch.seconds = 60.0
    assert [sparing.allow("a"), sparing.allow("a")] == [True, False]


def test_the_oldest_key_makes_room() -> None:
    """A flood of keys costs a second line for some of them, never memory."""
    sparing = Sparing(60.0, capacity=3, now=Watch())
    assert all(sparing.allow(str(number)) for number in range(1000))
    assert [sparing.allow(key) for key in ("999", "998", "997", "996")] == [False, False, False, True]
