"""The demonstration: a rendered street with truth, played through a whole system, scored against the truth."""
