"""Whether the chain of a live deployment works: live probe, self-test, the watch over the gallery, circuit breaker."""
