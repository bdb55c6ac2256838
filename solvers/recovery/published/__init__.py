"""The published methods of parameter recovery, as their authors published them.

A leaderboard compares other solvers with them, so each method has every step that its authors describe. `students` and
`clustering` are the two phases of Expand-and-Cluster; `critical` is the extraction of ReLU networks from their kinks.
Every line is written from the papers' descriptions. The solvers share no numerics with the other solvers of the family.
"""
