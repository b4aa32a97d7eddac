"""Measures the time of questions, on stores with a year's usage and on the plain design."""
