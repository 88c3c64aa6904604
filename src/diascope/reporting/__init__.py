"""Scores and predictions for people: one page, tables, and pictures with the answers drawn in."""
