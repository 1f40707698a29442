"""Quality: suites over the accepted rows and over a snapshot, and rejected rows found again."""
