"""The drawn face of nobody, with which a running chain is tested."""
