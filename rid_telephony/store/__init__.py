"""What is kept: events and calls, in SQLite or PostgreSQL."""
