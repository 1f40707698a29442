"""Benchmarks: measured side by side with a peer, never as a timed test."""
