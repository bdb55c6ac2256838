"""Puzzles and sealed answers: content, digests, commitments, files."""
