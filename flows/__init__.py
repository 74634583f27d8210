"""Prefect flows, one module each. None yet: the deployment's life comes as flows after the stream."""
