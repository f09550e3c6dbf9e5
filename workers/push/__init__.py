"""The push channel: from the wire to phones and browsers, and the correction after it."""
