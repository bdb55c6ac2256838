"""What the reach of a solver shows of every hidden unit, and the network without the units that it does not show."""
