"""What people look at: the terminal view of a call."""
