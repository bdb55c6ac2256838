"""From a recipe and a seed to a puzzle: train, degrade, shuffle, seal, check health."""
