"""Plan a run, execute it, judge the answers."""
