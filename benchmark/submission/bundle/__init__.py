"""The file of a submission: written, read, kept free of private names."""
