"""What the public reads: deployment records, rates with their uncertainty, the site, the promises, enquiries.

Also checks of published tables, ours and other forces'.
"""
