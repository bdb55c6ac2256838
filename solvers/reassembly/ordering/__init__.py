"""Block orders: first orders, quadratic models of moves, descent on the exact error."""
