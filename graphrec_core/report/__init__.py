"""The run report a person reads: one HTML page a day, and the same figures as tables."""
