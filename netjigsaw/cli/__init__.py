"""The command line, one module per command. The packages generator, solvers, benchmark and leaderboard do the work."""
