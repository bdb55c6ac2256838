"""Read networks that others trained, and write the files of programs that solve recovery puzzles."""
