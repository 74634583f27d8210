"""Values and rules that contexts share, without input or output: policy, gate, alerts, frames, outcomes, rates."""
