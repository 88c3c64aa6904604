"""Pixels: read from files, and drawn on a model's canvas."""
