"""The profile of a customer: Relationship, Influence, Demand, state."""
