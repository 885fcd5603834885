"""What the feed's server can carry: events a second, added latency, memory, replay."""
