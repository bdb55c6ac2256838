"""The bundle file of a submission: writing, reading, and removing private names."""
