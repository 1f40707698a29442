"""How many threads numerical libraries use; set before any of them is imported."""

from graphrec_core.config.loader import set_default_environment


def set_threads() -> None:
    """Fixes what numerical libraries read at their start.

    Sums, and so scores, would depend on the number of cores. What ``training.num_threads`` tells
    torch, and ``index.num_threads`` FAISS, wins.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        set_default_environment(name, "1")
    # Threads that wait by spinning starve the steps of other regions on the same cores.
    set_default_environment("OMP_WAIT_POLICY", "PASSIVE")
