"""Scores from predictions: no model, no torch, and nothing that stands alone."""
