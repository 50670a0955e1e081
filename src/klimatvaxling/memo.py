"""A dictionary that works out what it does not yet know: the same cell is understood once, not a million times."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(dict[K, V]):
    """`memo[key]` is `work_out(key)`, remembered; at `limit` entries it forgets everything and starts again."""

    def __init__(self, work_out: Callable[[K], V], *, limit: int = 250_000) -> None:
        super().__init__()
        self._work_out = work_out
        self._limit = limit

    def __missing__(self, key: K) -> V:
        value = self._work_out(key)
        if len(self) >= self._limit:
            self.clear()
        self[key] = value
        return value
