"""Reads the sources of the hook's parts, where they are not compiled for an interpreter.

``sitecustomize`` runs this text, with ``os``, ``parts``, which is to have them, and its ``path``.
"""

for folder in ("", "interpreter/", "program/", "record/"):
    directory = os.path.dirname(path) + "/" + folder  # noqa: F821
    for name in os.listdir(directory):  # noqa: F821
        if name.endswith(".py"):
            with open(directory + name, encoding="utf-8") as source:
                parts[folder.replace("/", ".") + name[:-3]] = source.read()  # noqa: F821
