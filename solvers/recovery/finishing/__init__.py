"""From a nearly right network with one hidden layer to the hidden one: polish, signs, rounding bounds."""
