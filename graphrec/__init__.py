"""The program: DAG files, one job per step, the command line, one day on one machine."""
