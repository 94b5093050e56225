"""Calls at once: the order of results, errors, and what is never begun."""
import threading

import pytest

from crosspy import atonce


def test_results_come_in_order_and_an_error_where_it_belongs():
    def make(number):
        if number == 2:
            raise ValueError("two")
        return number * 10
    for jobs in (1, 3):
        told = []
        for item, result in atonce.results(make, [1, 2, 3], jobs):
            try:
                told.append((item, result()))
            except ValueError as error:
                told.append((item, str(error)))
        assert told == [(1, 10), (2, "two"), (3, 30)]


def test_as_many_as_asked_for_run_at_once():
    together = threading.Barrier(2, timeout=10)  # it breaks unless two wait for each other
    assert [result() for _, result in atonce.results(lambda _: together.wait() in (0, 1), range(4), 2)] == [True] * 4


def test_with_one_job_nothing_is_made_before_it_is_asked_for():
    begun = []
    for item, result in atonce.results(begun.append, [1, 2, 3], 1):
        result()
        if item == 2:
            break
    assert begun == [1, 2]


def test_whoever_stops_asking_waits_for_what_runs_and_begins_no_more():
    begun, ended, go = [], [], threading.Event()

    def make(number):
        begun.append(number)
        if number == 0:
            raise ValueError("zero")
        go.wait(10)
        ended.append(number)

    def ask():
        for _, result in atonce.results(make, range(50), 2):
            threading.Timer(0.05, go.set).start()
            result()
    with pytest.raises(ValueError, match="zero"):
        ask()
    assert sorted(begun[1:]) == sorted(ended), "what had begun has ended"
    assert len(begun) < 50
