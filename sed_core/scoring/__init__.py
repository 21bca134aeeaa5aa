"""Scores: events, PSDS and F1s by the published conventions, uncertainty."""
