"""Events in anybody's sound: files, folders, streams, with models that are ready to run."""
