"""The engaging officer's page, for a phone in the street: what an operator has judged, and what was done."""
