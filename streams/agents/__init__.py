"""The Faust agents: thin. What they do lives in `lfr_core`, which knows no Faust."""
