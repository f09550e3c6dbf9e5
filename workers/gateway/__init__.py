"""The gateway: every revision to every open page, over WebSocket and SSE, encoded once and waiting for nobody."""
