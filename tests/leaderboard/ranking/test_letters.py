from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.ranking.letters import LETTERS, compact_letters


def test_letters_by_hand() -> None:
    assert compact_letters(0, []) == []
    assert compact_letters(3, []) == ["a", "a", "a"]
    assert compact_letters(2, [(0, 1)]) == ["a", "b"]
    # Neighbours are not separated, the ends are.
    assert compact_letters(3, [(0, 2)]) == ["a", "ab", "b"]
    assert compact_letters(4, [(0, 2), (0, 3), (1, 3)]) == ["a", "ab", "bc", "c"]


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.sampled_from([*combinations(range(n), 2), (0, 0)])))
    )
)
def test_two_items_share_a_letter_exactly_if_they_are_not_separated(case: tuple[int, set[tuple[int, int]]]) -> None:
    count, pairs = case
    separated = {pair for pair in pairs if pair[0] != pair[1]}
    letters = compact_letters(count, sorted(separated))
    assert all(letters)
    for first, second in combinations(range(count), 2):
        assert bool(set(letters[first]) & set(letters[second])) == ((first, second) not in separated)


@pytest.mark.parametrize("count", [len(LETTERS), len(LETTERS) + 3])
def test_many_groups_still_have_names_of_their_own(count: int) -> None:
    letters = compact_letters(count, combinations(range(count), 2))
    assert len(set(letters)) == count
