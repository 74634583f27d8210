"""The checks, a module for each part of the state they read. None of them changes anything."""
