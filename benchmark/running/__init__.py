"""Plan a run, execute its trials, score the answers."""
