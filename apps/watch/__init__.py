"""The watch: a small process beside the stream that proves it works, and trips its circuit breaker."""
