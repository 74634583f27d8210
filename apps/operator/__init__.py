"""The operator's page: a Streamlit process of its own, for staff, on loopback."""
