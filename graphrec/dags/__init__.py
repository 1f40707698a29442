"""Thin Airflow files: what runs when, and how a step becomes a task."""
