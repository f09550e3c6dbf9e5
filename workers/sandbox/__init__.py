"""Stand-ins for Apple, Google and a browser's push service, which speak the true protocols and misbehave on demand.

The rule to remember: nothing here imports what builds or sends a push, so that it cannot share its mistakes.
"""
