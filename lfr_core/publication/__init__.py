"""Publication: the deployment record, its rates with their uncertainty, deadlines, and checks of published tables."""
