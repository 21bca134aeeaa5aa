"""Events in the label files of other programs, written and read: one small module a format."""
