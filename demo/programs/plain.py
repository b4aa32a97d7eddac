"""Nothing but the standard library, and none of its packages that are watched."""

import textwrap

print(textwrap.shorten("A program that imports nothing of interest to anybody.", width=60))
