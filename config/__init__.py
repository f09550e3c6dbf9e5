"""Settings, house style and the store's configuration. Imports nothing of ours; only wiring points read it."""
