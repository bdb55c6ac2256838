"""Train networks that add modulo p: recipes, a trainer on all pairs at once, and the test that accepts a network."""
