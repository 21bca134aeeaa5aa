"""What changes clips while they train, one function a file."""
