"""Flashwire's HTTP side, and the heart that workers share."""
