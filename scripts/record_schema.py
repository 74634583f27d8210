"""Write the record's JSON Schema from its model: `python scripts/record_schema.py`. A test keeps them equal."""

from __future__ import annotations

from lfr_core.publication.record import SCHEMA_FILE, schema_text

if __name__ == "__main__":
    SCHEMA_FILE.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
