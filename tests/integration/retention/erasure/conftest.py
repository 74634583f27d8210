from tests.support.brokers import kafka_broker, kafka_libs
from tests.support.databases import database_url, postgres, sqlite_url

__all__ = ["database_url", "kafka_broker", "kafka_libs", "postgres", "sqlite_url"]
