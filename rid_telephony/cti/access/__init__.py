"""Who may see and do what: tokens, tickets, sessions, scopes."""
