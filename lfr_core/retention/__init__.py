"""What has to go, when, and what is overdue: the purges, each idempotent, run by a flow every minute."""
