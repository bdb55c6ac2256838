"""The text and pictures of reassembly puzzles for `netjigsaw show`."""
