"""Measures what taking usage records in costs, beside what others take for it."""
