"""The purges of records, gallery and folders; the broker's is in `streams`, that of workflows in `flows`."""
