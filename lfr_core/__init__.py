"""The domain of OpenLFR: rules, values and services. Imports no Prefect, Faust or Streamlit."""

from lfr_core.common.environment import prepare_process

prepare_process()
