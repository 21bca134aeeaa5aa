"""What every layer stands on: errors, files, progress, devices, seeds, provenance."""
