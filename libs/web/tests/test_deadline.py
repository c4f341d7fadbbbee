"""A late task is cancelled, and nobody else's cancellation is taken for that."""

import asyncio

import pytest

from libs.web.deadline import Deadline, Deadlines


async def _waits(deadlines: Deadlines) -> bool:
    deadline = Deadline(deadlines)
    try:
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        if not deadline.end():
            raise
        return False
    return True


async def test_a_late_task_is_cancelled_once_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the limit and within a fifth of it, and the task may wait again."""
    now = 0.0
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    late = asyncio.create_task(_waits(Deadlines(0.5)))
    await asyncio.sleep(0)
    while not late.done():
        assert now < 0.6, "still waiting"
        now += 0.01
        for _ in range(5):
            await asyncio.sleep(0)
    assert now >= 0.5
    assert late.result() is False
    await asyncio.sleep(0)


async def test_a_task_that_somebody_else_cancels_stays_cancelled() -> None:
    """A client that hangs up, or a server that stops, is no deadline."""
    task = asyncio.create_task(_waits(Deadlines(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_beside_the_deadlines_own_counts() -> None:
    """Both at once: whoever cancelled the task wants it to end."""
    deadlines = Deadlines(60)
    task = asyncio.create_task(_waits(deadlines))
    await asyncio.sleep(0)
    deadlines.sweep.now += 100
    for each in tuple(deadlines.sweep.watched):
        each.sweep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_ends_in_time_is_forgotten() -> None:
    """Nothing is cancelled later."""
    deadlines = Deadlines(0.05)
    assert Deadline(deadlines).end() is False
    await asyncio.sleep(0.2)
    assert not deadlines.sweep.watched
