"""The store: Redis or Valkey, and nothing else."""
