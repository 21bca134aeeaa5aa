"""Getting the data: archives, clips from video sites, trees that are already there, checks."""
