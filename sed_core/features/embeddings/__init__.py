"""Pretrained audio networks behind one interface, and the files that keep what they say."""
