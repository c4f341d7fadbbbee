"""Prometheus metrics of the connection pool."""

from prometheus_client import CollectorRegistry, Gauge

from libs.db.sessions import SessionFactory


def watch_pool(sessions: SessionFactory, registry: CollectorRegistry) -> None:
    """Register the gauges `db_pool_connections_in_use` and `db_pool_size`, in connections."""
    in_use = Gauge("db_pool_connections_in_use", "Connections that sessions use.", registry=registry)
    in_use.set_function(lambda: sessions.connections_in_use)
    Gauge("db_pool_size", "Most connections that sessions can use.", registry=registry).set(sessions.pool_size)
