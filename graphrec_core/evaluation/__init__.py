"""Measuring recommendations on the holdout, and the gate that judges them."""
