"""The domain of OpenLFR: rules, values and services. Imports no Prefect, Faust or Streamlit."""
