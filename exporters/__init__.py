"""Where results go: one sink per file."""
