"""The rules of Flashwire, pure: no I/O, no clock, no randomness. Time and ids are arguments, decisions are values."""
