"""Where the feed is sent without being asked: webhooks, NATS JetStream."""
