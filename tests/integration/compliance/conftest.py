from tests.support.databases import sqlite_url

__all__ = ["sqlite_url"]
