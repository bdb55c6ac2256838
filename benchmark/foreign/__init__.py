"""Programs as solvers: their working folder, and the relay that runs one and reads its answers."""
