"""The embedded data set `mini`: sound classes, rooms and soundscapes, all computed from a seed."""
