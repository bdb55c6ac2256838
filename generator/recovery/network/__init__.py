"""Feed-forward networks in float64, their activations and their symmetries."""
