"""Makes the signal classifier from the corpus."""
