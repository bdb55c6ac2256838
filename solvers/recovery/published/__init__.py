"""Published methods of parameter recovery, written from the papers' descriptions.

They are the baselines of the leaderboard. `students` and `clustering` are the two phases of Expand-and-Cluster;
`critical` extracts ReLU networks from their kinks. The docstrings of the two solvers list all deviations from the
papers. These solvers share no numerics with the other solvers of the family.
"""
