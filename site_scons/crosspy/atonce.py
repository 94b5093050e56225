"""Calls that mostly wait for programs of their own, several at once."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item, Made = TypeVar("Item"), TypeVar("Made")


def results(make: Callable[[Item], Made], items: Sequence[Item], jobs: int) -> Iterator[tuple[Item, Callable[[], Made]]]:
    """Yield each item, in order, with a function that returns ``make(item)`` or raises what that raised.

    jobs: how many run at once. With one, nothing is made before its result is asked for. Whoever stops asking, or is
    interrupted, waits for those that run already; the others are never begun.
    """
    if jobs < 2 or len(items) < 2:
        yield from ((item, lambda item=item: make(item)) for item in items)
        return
    from concurrent.futures import ThreadPoolExecutor  # only here: 10 ms
    pool = ThreadPoolExecutor(jobs)
    try:
        tasks = [pool.submit(make, item) for item in items]
        for item, task in zip(items, tasks, strict=True):
            yield item, task.result
    finally:
        pool.shutdown(cancel_futures=True)
