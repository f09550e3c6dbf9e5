"""The groups of the `flashwire` command, and what all commands stand on."""
