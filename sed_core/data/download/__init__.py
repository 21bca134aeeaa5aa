"""Getting the data: archives and other files from repositories, clips from video sites, checks."""
