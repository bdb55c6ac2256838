"""Commands that bundle results and verify bundles."""
