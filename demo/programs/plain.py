"""A program with the standard library only, and none of the watched packages."""

import textwrap

print(textwrap.shorten("A program that imports nothing of interest to anybody.", width=60))
