"""What sees: one model or algorithm per small file."""
