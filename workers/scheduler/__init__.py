"""The scheduler: what happens because its moment has come."""
