"""Sound event detection on DESED: data, models, training, scoring, energy, reports."""

__version__ = "0.1.0"
