"""Sound event detection on DESED: data, models, training, scoring and energy behind the workflow."""

__version__ = "0.1.0"
