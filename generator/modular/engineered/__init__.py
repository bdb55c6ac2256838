"""Networks with hand-made weights that add modulo p by a known algorithm."""
