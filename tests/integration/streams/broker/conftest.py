from tests.support.brokers import kafka_broker, kafka_libs, tansu_broker

__all__ = ["kafka_broker", "kafka_libs", "tansu_broker"]
