"""The HTTP side: what editors write with and what readers read, on Starlette."""
