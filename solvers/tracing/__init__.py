"""Find the files that a program needs, by reading its command and its scripts. Nothing is run."""
