from tests.support.databases import sqlite_url
from tests.support.prefect import prefect_process, prefect_server

__all__ = ["prefect_process", "prefect_server", "sqlite_url"]
