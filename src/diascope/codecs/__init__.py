"""Codecs: one file per text format of an answer; the laws are in `codec`."""
