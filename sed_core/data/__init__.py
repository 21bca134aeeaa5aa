"""Labels, annotation files, recordings: from what users have to what networks read."""
