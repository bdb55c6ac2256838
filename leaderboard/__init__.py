"""Turn result rows into ranked tables, pictures and a page."""
