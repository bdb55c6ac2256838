"""Plan a run: the request, its cells, their solvers and sources, and the paths that solvers must not see."""
