"""What a phone or a browser is sent: one file per platform, and what they have in common."""
