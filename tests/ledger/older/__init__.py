"""A lake that the first release wrote: two days of a town, without a catalogue."""
