"""A suite as one folder or one archive."""
