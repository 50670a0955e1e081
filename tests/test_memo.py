"""A memo works out each thing once, and keeps no more of them than it was told."""

import inspect

from klimatvaxling.memo import Memo


def test_a_thing_is_worked_out_once_and_remembered() -> None:
    asked: list[int] = []

    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    memo = Memo(double)
    assert [memo[key] for key in (3, 4, 3, 3)] == [6, 8, 6, 6]
    assert asked == [3, 4]
    assert memo == {3: 6, 4: 8}


def test_a_full_memo_forgets_everything_and_starts_again() -> None:
    memo = Memo(str, limit=2)
    for key, kept in ((1, {1: "1"}), (2, {1: "1", 2: "2"}), (1, {1: "1", 2: "2"}), (3, {3: "3"})):
        assert memo[key] == str(key)
        assert memo == kept


def test_unless_it_is_told_otherwise_a_memo_keeps_a_quarter_of_a_million() -> None:
    assert inspect.signature(Memo).parameters["limit"].default == 250_000
