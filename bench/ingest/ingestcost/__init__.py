"""Measures the cost of ingesting usage records, beside that of other receivers."""
