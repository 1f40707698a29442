"""The recommenders, one per file: encoders (torch) and scorers (numpy)."""
