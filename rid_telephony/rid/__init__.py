"""The RID model: signals of an utterance, profile of a customer: no I/O, no clock."""
