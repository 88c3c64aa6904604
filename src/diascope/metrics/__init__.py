"""Metrics in two layers: a row of sums per case, and pure functions from sums to a metric.

Every function from sums accepts sums of any shape, so that a point value, a subgroup and a
bootstrap are the same call with other weights. An undefined metric is nan.
"""
