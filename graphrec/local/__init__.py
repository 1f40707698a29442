"""One day on one machine: the demo's runner, its log, its verdict."""
