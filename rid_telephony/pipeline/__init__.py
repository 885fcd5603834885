"""Puts the stages of one call together: audio in, feed events out."""
