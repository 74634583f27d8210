"""The suite `watchlist`: what a list must be before its faces are embedded, and after."""
