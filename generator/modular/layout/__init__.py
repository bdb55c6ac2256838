"""Networks as the tensors of a puzzle, and files for programs."""
