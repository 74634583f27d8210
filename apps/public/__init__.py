"""The public site: a process of its own that can read the published folder and nothing else."""
