"""Metrics of the pool on both databases."""

from prometheus_client import CollectorRegistry

from libs.db.pool_metrics import watch_pool
from libs.db.sessions import SessionFactory


async def test_connections_in_use_are_counted_while_sessions_hold_them(sessions: SessionFactory) -> None:
    """A session that has sent a statement holds a connection until its block ends."""
    registry = CollectorRegistry()
    watch_pool(sessions, registry)
    assert registry.get_sample_value("db_pool_connections_in_use") == 0
    async with sessions.begin() as session:
        await session.connection()
        assert registry.get_sample_value("db_pool_connections_in_use") == 1
    assert registry.get_sample_value("db_pool_connections_in_use") == 0
    assert (registry.get_sample_value("db_pool_size") or 0) >= 5
