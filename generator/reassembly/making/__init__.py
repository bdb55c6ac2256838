"""Make a puzzle from a recipe and a seed: train, degrade, check health, shuffle, seal."""
