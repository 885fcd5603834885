"""Scores of the analysis against labelled data."""
