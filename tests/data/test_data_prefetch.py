import gc
import threading
import time

import numpy as np
import pytest

import tinyxm_kernels
from tinyxm.data import prefetch


def wait_for(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    assert wait_for(lambda: not threads()), "a thread outlives its iterator"


def test_all_items_come_in_their_order_from_another_thread():
    def source():
        for k in range(50):
            yield k, threading.current_thread().name

    assert list(prefetch(source(), 3)) == [(k, "prefetch") for k in range(50)]
    assert list(prefetch([])) == []
    assert list(prefetch([1, 2], then=lambda x: 10 * x)) == [10, 20]
    with pytest.raises(ValueError, match="ahead 0"):
        prefetch([], 0)


@pytest.mark.parametrize("ahead", [1, 4])
def test_no_more_is_prepared_than_asked_for(ahead):
    made = []

    def source():
        for k in range(100):
            made.append(k)
            yield k

    with prefetch(source(), ahead) as items:
        assert wait_for(lambda: len(made) >= ahead + 1)
        time.sleep(0.05)
        assert len(made) == ahead + 1  # the queue, and one in hand
        assert next(items) == 0
        assert wait_for(lambda: len(made) == ahead + 2)
        time.sleep(0.05)
        assert len(made) == ahead + 2


def test_an_error_comes_where_its_item_would_have_come_with_its_own_trace():
    def source():
        yield 1
        yield 2
        raise KeyError("the third is broken")

    items = prefetch(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(KeyError, match="third is broken") as caught:
        next(items)
    assert any(entry.name == "source" for entry in caught.traceback)
    with pytest.raises(StopIteration):
        next(items)


@pytest.mark.parametrize("end", ["close", "with", "forget", "break"])
def test_it_stops_cleanly_and_lets_the_source_clean_up(end):
    cleaned = []

    def source():
        try:
            k = 0
            while True:
                yield k
                k += 1
        finally:
            cleaned.append(threading.current_thread().name)

    items = prefetch(source(), 2)
    assert next(items) == 0
    if end == "close":
        items.close()
        assert cleaned == ["prefetch"]
        items.close()
        assert list(items) == []
    elif end == "with":
        with items:
            next(items)
        assert cleaned == ["prefetch"]
    elif end == "break":
        for item in items:
            if item == 3:
                break
    del items
    gc.collect()
    assert wait_for(lambda: cleaned == ["prefetch"])


def test_an_error_in_the_clean_up_is_not_lost():
    def source():
        try:
            yield 1
        finally:
            raise OSError("disk gone")

    items = prefetch(source())
    assert next(items) == 1
    with pytest.raises(OSError, match="disk gone"):
        next(items)


def test_the_choice_of_kernels_holds_in_the_thread_too():
    square = np.ones((2, 2), np.float32)
    names = (tinyxm_kernels.chosen("matmul", square, square).name for _ in range(2))
    with tinyxm_kernels.using("matmul=reordered"), prefetch(names) as prepared:
        assert list(prepared) == ["reordered"] * 2
