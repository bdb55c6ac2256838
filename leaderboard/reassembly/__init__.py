"""What `netjigsaw show` says and draws of reassembly puzzles."""
