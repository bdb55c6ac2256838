"""Import trained networks, and write and read the files of external programs that solve recovery puzzles."""
