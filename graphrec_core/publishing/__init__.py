"""What each region brings to a release, and what of it goes live."""
