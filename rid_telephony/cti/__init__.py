"""The event feed: schema, order, replay."""
