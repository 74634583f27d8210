"""The public site: from the records to a folder of static files, signed, put in its place at once."""
