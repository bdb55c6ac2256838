"""The incumbent: which assemblies replace it, and which are reported."""

from __future__ import annotations

import math

from solvers.reassembly.core.assembly import Assembly
from solvers.reassembly.core.incumbent import Incumbent

FIRST, SECOND, THIRD = (0, 1, 2), (1, 0, 2), (2, 1, 0)


def of(halves: tuple[int, ...], mse: float, rows: int) -> Assembly:
    return Assembly(halves, FIRST, mse, rows)


def begin() -> tuple[Incumbent, list[Assembly]]:
    reports: list[Assembly] = []
    return Incumbent(of(FIRST, math.inf, 0), reports.append), reports


def test_it_reports_its_start_unmeasured() -> None:
    best, reports = begin()

    assert reports == [best.assembly] == [of(FIRST, math.inf, 0)]
    assert not best.measured


def test_a_lower_error_on_as_many_rows_replaces_it() -> None:
    best, reports = begin()
    for halves, mse in ((SECOND, 0.5), (THIRD, 0.6), (THIRD, 0.5), (THIRD, 0.4)):
        best.offer(of(halves, mse, 100))

    assert best.assembly == of(THIRD, 0.4, 100)
    assert best.measured
    assert reports[1:] == [of(SECOND, 0.5, 100), of(THIRD, 0.4, 100)]


def test_an_error_on_more_rows_replaces_a_lower_one_on_fewer_and_never_the_other_way() -> None:
    best, reports = begin()
    best.offer(of(SECOND, 0.1, 50))
    best.offer(of(THIRD, 0.4, 100))
    best.offer(of(FIRST, 0.0, 99))

    assert best.assembly == of(THIRD, 0.4, 100)
    assert reports[1:] == [of(SECOND, 0.1, 50), of(THIRD, 0.4, 100)]


def test_halves_that_are_measured_anew_are_kept_but_not_reported_again() -> None:
    best, reports = begin()
    best.offer(of(FIRST, 0.3, 50))
    best.offer(of(FIRST, 0.4, 100))

    assert best.assembly == of(FIRST, 0.4, 100)
    assert len(reports) == 1


def test_a_change_of_the_outgoing_halves_alone_is_reported() -> None:
    best, reports = begin()
    best.offer(Assembly(FIRST, SECOND, 0.3, 50))

    assert reports[1:] == [Assembly(FIRST, SECOND, 0.3, 50)]


def test_an_assembly_gives_partners_and_permutes_its_halves() -> None:
    assembly = Assembly((2, 0, 1), (5, 3, 4), 0.0, 1)

    assert assembly.partners == [3, 4, 5]
    assert assembly.moved([1, 2, 0]) == ((0, 1, 2), (3, 4, 5))
    assert assembly.moved_halves([1, 0, 2], [0, 2, 1]) == ((0, 2, 1), (5, 4, 3))
