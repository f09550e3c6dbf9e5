"""The figures: each by one command, beside its goal, never a timed test in the suite."""
