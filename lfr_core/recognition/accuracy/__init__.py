"""The accuracy laboratory: what a model, its threshold and its quality gate get wrong, measured on labelled faces."""
