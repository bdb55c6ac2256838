"""Scoring of assemblies: score, exactness certificate, likelihood for degraded puzzles."""
