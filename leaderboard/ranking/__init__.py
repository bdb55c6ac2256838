"""Turn result rows into ranked tables."""
