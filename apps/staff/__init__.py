"""The staff's app: operator, street, planning, compliance, publication, enquiries, each a page at its own address."""
