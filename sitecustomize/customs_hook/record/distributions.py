"""Versions that packages do not have as a text, from the names of installed distributions.

Loaded only if a package's module has no version.
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
    """Return the version in the name of the distribution's directory; None if there is none.

    The names come from the import system's memory, so that no directory is read.
    """
    distribution = _DISTRIBUTIONS.get(name.lower(), name.lower()).replace(".", "_")
    for directory in _directories(name, presence.namespace(module)):
        finder = sys.path_importer_cache.get(directory)
        is_known = type(finder).__name__ == "FileFinder"
        names = finder.__dict__.get("_path_cache") if is_known else None
        for entry in tuple(names or ()):
            first, dash, rest = entry.partition("-")
            is_dist = dash and rest.endswith("-info")
            if is_dist and first.lower().replace(".", "_") == distribution:
                return rest.rpartition(".")[0].partition("-py")[0][:64]
    return None


def _directories(name, variables):
    """Return the directories of installed packages that a module lies in, by its variables.

    A package without a file of its own may lie in several, and so may its parts: the distribution
    google-cloud-storage installs google.cloud.storage.
    """
    path, places = variables.get("__file__"), variables.get("__path__")
    if type(path) is str:
        is_package = path.rpartition("/")[2].startswith("__init__.")
        paths = [os.path.dirname(path) if is_package else path]
    else:
        paths = places if type(places) is list else getattr(places, "_path", None)
    found = []
    for path in paths if type(paths) is list else ():
        if type(path) is str and "-packages/" in path:
            for _ in name.split("."):
                path = os.path.dirname(path)
            found.append(path)
    return found
