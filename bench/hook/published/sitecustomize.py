"""The published design: it is imported completely at start, and sends a message a package.

After Thomas, Stephey, Greiner and Cook, "Monitoring Scientific Python Usage on a Supercomputer"
(SciPy 2021), in our own words.
"""

from __future__ import annotations

from usagewatch.core import register_exit_hook
from usagewatch.reporters import SyslogReporter

# the benchmark writes its receiver's port here
PORT = 0

_NAMES = """
numpy multiprocessing matplotlib scipy ipykernel pandas h5py joblib sklearn astropy astropy.io.fits
mpi4py dask numba netCDF4 mkl tensorflow seaborn statsmodels torch xarray keras gensim nltk cudf
cuml fireworks plotly cupy numexpr jax flax ray transformers deepspeed horovod torchvision xgboost
lightgbm pyarrow zarr healpy skimage cv2 networkx sympy bokeh pyspark petsc4py tables
"""

register_exit_hook(_NAMES.split(), SyslogReporter, "127.0.0.1", PORT)
