"""The feed's server: WebSocket, SSE and REST for integrators, the panel and the console."""
