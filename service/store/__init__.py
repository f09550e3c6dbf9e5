"""The store: Valkey or Redis and nothing else. One file for each thing kept there."""
