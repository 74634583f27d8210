"""The staff's app: operator, planning, compliance, enquiries, each a page of its own at its own address."""
