"""How good an assembly is: score, exactness certificate, likelihood for degraded puzzles."""
