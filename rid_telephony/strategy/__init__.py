"""What to tell the agent, when, and what never to say: no I/O, no clock."""
