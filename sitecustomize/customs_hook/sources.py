"""Reads the sources of the hook's parts, if they are not compiled for an interpreter.

``sitecustomize`` runs this text, with ``os``, its ``path``, and ``parts``, which this fills.
"""

for folder in ("", "interpreter/", "program/", "record/"):
    directory = os.path.dirname(path) + "/" + folder  # noqa: F821
    for name in os.listdir(directory):  # noqa: F821
        if name.endswith(".py"):
            with open(directory + name, encoding="utf-8") as source:
                parts[folder.replace("/", ".") + name[:-3]] = source.read()  # noqa: F821
