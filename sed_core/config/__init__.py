"""The configuration: its schema, merging, systems, rows of the tables."""
