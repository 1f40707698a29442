"""The ledger: what was decided. Releases, LIVE, champions, revisions, verdicts, a day's ids."""
