"""The kinds of loss, one a file."""
