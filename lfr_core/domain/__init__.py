"""The values and rules of the domain: pure, without input or output."""
