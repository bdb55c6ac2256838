"""What every solver uses: evaluation, adjoints, mean field, the attempt with its deadline."""
