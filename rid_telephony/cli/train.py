"""``rid-telephony train``: makes the signal classifier from the corpus."""
