"""Commands that run solvers and help to write them."""
