"""The published design of a usage monitor, to be measured."""
