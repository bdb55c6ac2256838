"""One hidden layer of smooth units under adaptive queries: rank-one tensors in the span of the derivatives."""
