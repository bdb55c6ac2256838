"""The residual network as stacked tensors, its loss gradient, and the tasks that it learns."""
