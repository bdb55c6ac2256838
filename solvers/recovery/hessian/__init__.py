"""Recover one hidden layer of smooth units by queries, from rank-one tensors in the span of derivatives."""
