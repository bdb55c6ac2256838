"""Read the answer of a program from what the program prints."""
