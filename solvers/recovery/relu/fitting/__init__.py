"""From hyperplanes to a layer: output weights, signs, and linear maps that units without a kink leave."""
