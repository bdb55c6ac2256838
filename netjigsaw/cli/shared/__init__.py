"""Options, targets and console output that commands share."""
