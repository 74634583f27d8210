"""Keys and the process that lends them (the vault), the audit trail, the register of people."""
