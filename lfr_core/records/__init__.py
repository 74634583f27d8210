"""Records: SQLModel tables, migrations, and the services that write and read them."""
