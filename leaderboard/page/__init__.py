"""The leaderboard as one self-contained page that opens from a file."""
