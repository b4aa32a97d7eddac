"""Versions that packages do not have as a text, from the names of what is installed.

Loaded only where a package's module does not say its version.
"""

if "os" not in globals():
    import os
    import sys

    from customs_hook import presence

#: Distributions (normalised, PEP 503 with ``_``) whose name is not that of the import.
_DISTRIBUTIONS = {
    "bio": "biopython",
    "cv2": "opencv_python",
    "mkl": "mkl_service",
    "pil": "pillow",
    "rdkit": "rdkit",
    "skimage": "scikit_image",
    "sklearn": "scikit_learn",
}


def version(name, module):
    """Return what the name of the installed distribution's directory says; None for nothing.

    The names of that directory are those that the import system has in memory: nothing is read.
    """
    path = presence.namespace(module).get("__file__")
    if type(path) is not str or "-packages/" not in path or "." in name:
        return None
    directory = os.path.dirname(path)
    if path.rpartition("/")[2].startswith("__init__."):
        directory = os.path.dirname(directory)
    finder = sys.path_importer_cache.get(directory)
    names = finder.__dict__.get("_path_cache") if type(finder).__name__ == "FileFinder" else None
    distribution = _DISTRIBUTIONS.get(name.lower(), name.lower())
    for entry in tuple(names or ()):
        first, dash, rest = entry.partition("-")
        if dash and rest.endswith("-info") and first.lower().replace(".", "_") == distribution:
            return rest.rpartition(".")[0].partition("-py")[0][:64]
    return None
