"""The database: engine, the tables of every context, migrations."""
