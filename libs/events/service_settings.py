"""The settings of a service that has a database and events. A service's settings class inherits from this one."""

from libs.db.service_settings import ServiceSettings
from libs.events.settings import EventSettings


class EventServiceSettings(EventSettings, ServiceSettings):
    """Settings of the server, of the database and of events."""
