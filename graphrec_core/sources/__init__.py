"""Sources: raw tables become canonical tables by the SELECTs of a YAML; the town is generated."""
