"""Jobs: one file per step of the pipeline, and the command line."""
