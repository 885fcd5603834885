"""Voice activity, endpointing, recognition, prosody: no I/O, no clock."""
