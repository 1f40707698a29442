"""graphrec: the daily machine behind graph recommendations."""
