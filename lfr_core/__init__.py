"""The domain of OpenLFR: rules, values and services. It imports no Prefect, Faust, Kafka or Streamlit."""

from lfr_core.common.environment import prepare_process

prepare_process()
