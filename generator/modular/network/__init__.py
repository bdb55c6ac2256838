"""Networks that add modulo p: feed-forward networks, transformers, and the Fourier modes of their inputs."""
