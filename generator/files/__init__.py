"""Read tensor files of other programs, and say what a file is that cannot be read."""
