"""Numerics and state that every reassembly solver uses: evaluation, adjoints, mean-field flow, attempt, deadline."""
