"""The life of a planned deployment: who asked, who allowed it, what has to be in order, what became of it."""
