"""Values and rules that contexts share, with no input but the policy: policy, gate, alerts, frames, outcomes, rates."""
