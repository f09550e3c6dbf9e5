"""The promises, proved on the whole system with real processes. `./test acceptance NAME|all` runs the full forms."""
