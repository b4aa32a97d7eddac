/// Names of distributions on the package index, and the names of the packages that they install. Users know some
/// packages by one name and some by the other.
public enum DistributionNames {
    /// The import name of a distribution of PyPI or conda-forge.
    ///
    /// - Parameter used: the import names that have usage; if the distribution has several names, one of these is
    ///   preferred.
    /// - Returns: nil for an unknown distribution.
    static func importName(of distribution: String, used: [String]) -> String? {
        let name = normalized(distribution)
        if let imported = table[name] { return imported.first { used.contains($0) } ?? imported.first }
        // an import name has no dash
        let plain = name.replacing("-", with: "_")
        return distribution.contains("-") && used.contains(plain) ? plain : nil
    }

    /// The normalized name: names that differ only in case, dashes, underscores and dots are equal (PEP 503).
    static func normalized(_ name: String) -> String {
        var text = ""
        for character in name.lowercased() {
            if character == "-" || character == "_" || character == "." {
                if text.last != "-" { text.append("-") }
            } else {
                text.append(character)
            }
        }
        return text
    }

    /// Import names by the normalized name of the distribution.
    static let table: [String: [String]] = {
        var table: [String: [String]] = [:]
        for entry in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            let halves = entry.split(separator: "=")
            if halves.count == 2 { table[String(halves[0])] = halves[1].split(separator: ",").map { String($0) } }
        }
        return table
    }()

    private static let text = """
        absl-py=absl antlr4-python3-runtime=antlr4 apache-airflow=airflow apache-beam=apache_beam argon2-cffi=argon2
        asdf-astropy=asdf_astropy astroml=astroML astropy-healpix=astropy_healpix async-timeout=async_timeout
        attrs=attr,attrs auto-gptq=auto_gptq azure-storage-blob=azure.storage.blob
        backports-zoneinfo=backports.zoneinfo basemap=mpl_toolkits.basemap beautifulsoup4=bs4 biopython=Bio
        boost-histogram=boost_histogram bottleneck=bottleneck cached-property=cached_property cf-python=cf
        cf-units=cf_units cf-xarray=cf_xarray charset-normalizer=charset_normalizer configargparse=configargparse
        coolprop=CoolProp cuda-python=cuda cudf-cu11=cudf cudf-cu12=cudf cudf-cu13=cudf cugraph-cu12=cugraph
        cuml-cu11=cuml cuml-cu12=cuml cuml-cu13=cuml cupy-cuda102=cupy cupy-cuda11x=cupy cupy-cuda12x=cupy
        cupy-cuda13x=cupy cx-oracle=cx_Oracle cython=Cython,cython dask-core=dask dask-cuda=dask_cuda
        dask-jobqueue=dask_jobqueue dask-ml=dask_ml dask-mpi=dask_mpi dgl-cu121=dgl discord-py=discord django=django
        djangorestframework=rest_framework dm-haiku=haiku dm-sonnet=sonnet dm-tree=tree dnspython=dns
        docker-py=docker eccodes-python=eccodes,gribapi esmpy=esmpy,ESMF faiss-cpu=faiss faiss-gpu=faiss
        fenics-dolfinx=dolfinx flash-attn=flash_attn flask=flask fonttools=fontTools gdal=osgeo gitpython=git
        google-api-python-client=googleapiclient google-auth=google.auth google-cloud-bigquery=google.cloud.bigquery
        google-cloud-storage=google.cloud.storage graph-tool=graph_tool grpcio=grpc huggingface-hub=huggingface_hub
        hydra-core=hydra imageio-ffmpeg=imageio_ffmpeg imbalanced-learn=imblearn
        importlib-metadata=importlib_metadata importlib-resources=importlib_resources
        intel-extension-for-pytorch=intel_extension_for_pytorch ipython=IPython jax-cuda12-plugin=jax_cuda12_plugin
        jaxlib=jax,jaxlib jinja2=jinja2 jupyter-client=jupyter_client jupyter-core=jupyter_core
        jupyter-server=jupyter_server keras-preprocessing=keras_preprocessing langchain-core=langchain_core
        levenshtein=Levenshtein lightning-utilities=lightning_utilities line-profiler=line_profiler
        llama-cpp-python=llama_cpp markdown=markdown markupsafe=markupsafe matplotlib-base=matplotlib
        mdanalysis=MDAnalysis memory-profiler=memory_profiler mkl-fft=mkl_fft mkl-random=mkl_random mkl-service=mkl
        ml-collections=ml_collections ml-dtypes=ml_dtypes mpi4py-fft=mpi4py_fft msgpack-numpy=msgpack_numpy
        msgpack-python=msgpack mujoco-py=mujoco_py mysql-connector-python=mysql.connector mysqlclient=MySQLdb
        netcdf4=netCDF4 nvidia-dali-cuda120=nvidia.dali nvidia-ml-py=pynvml nvidia-ml-py3=pynvml
        nvidia-modulus=modulus nvidia-pytriton=pytriton openai-whisper=whisper opencv=cv2 opencv-contrib-python=cv2
        opencv-contrib-python-headless=cv2 opencv-python=cv2 opencv-python-headless=cv2 openmm=openmm,simtk
        openpmd-api=openpmd_api opt-einsum=opt_einsum orbax-checkpoint=orbax.checkpoint paho-mqtt=paho
        pandas-datareader=pandas_datareader pillow=PIL pillow-simd=PIL plotly-express=plotly_express pot=ot
        prompt-toolkit=prompt_toolkit protobuf=google.protobuf psycopg2-binary=psycopg2 py-cpuinfo=cpuinfo
        py3dmol=py3Dmol pyarrow-hotfix=pyarrow_hotfix pybigwig=pyBigWig pycryptodome=Crypto pycryptodomex=Cryptodome
        pyepics=epics pygithub=github pygments=pygments pyjwt=jwt pymongo=pymongo,bson pymupdf=fitz,pymupdf
        pyngl=Ngl pynio=Nio pyopengl=OpenGL pyopenssl=OpenSSL pypdf2=PyPDF2 pyqt5=PyQt5 pyqt6=PyQt6 pyserial=serial
        pyshp=shapefile pyside2=PySide2 pyside6=PySide6 pysocks=socks pytables=tables pytest-xdist=xdist
        python-box=box python-constraint=constraint python-dateutil=dateutil python-docx=docx python-dotenv=dotenv
        python-graphviz=graphviz python-hostlist=hostlist python-igraph=igraph python-json-logger=pythonjsonlogger
        python-levenshtein=Levenshtein python-louvain=community python-magic=magic python-multipart=multipart
        python-pptx=pptx python-slugify=slugify python-snappy=snappy pytorch=torch pytorch-cpu=torch
        pytorch-cuda=torch pytorch-forecasting=pytorch_forecasting pytorch-geometric=torch_geometric
        pytorch-gpu=torch pytorch-ignite=ignite pytorch-lightning=pytorch_lightning
        pytorch-metric-learning=pytorch_metric_learning pywavelets=pywt pyyaml=yaml pyzmq=zmq qiskit-aer=qiskit_aer
        rdkit-pypi=rdkit ruamel-yaml=ruamel.yaml scikit-allel=allel scikit-bio=skbio scikit-build=skbuild
        scikit-commpy=commpy scikit-cuda=skcuda scikit-dsp-comm=sk_dsp_comm scikit-fmm=skfmm scikit-hep=skhep
        scikit-image=skimage scikit-learn=sklearn scikit-learn-intelex=sklearnex,daal4py scikit-misc=skmisc
        scikit-multilearn=skmultilearn scikit-optimize=skopt scikit-plot=scikitplot scikit-posthocs=scikit_posthocs
        scikit-rf=skrf scikit-sparse=sksparse scikit-surprise=surprise scikit-umfpack=scikits.umfpack
        scikit-video=skvideo scitools-iris=iris segmentation-models-pytorch=segmentation_models_pytorch
        sentence-transformers=sentence_transformers setuptools-scm=setuptools_scm shapely=shapely
        simpleitk=SimpleITK speechrecognition=speech_recognition sqlalchemy=sqlalchemy
        stable-baselines3=stable_baselines3 tensorboard-data-server=tensorboard_data_server
        tensorflow-addons=tensorflow_addons tensorflow-cpu=tensorflow tensorflow-datasets=tensorflow_datasets
        tensorflow-estimator=tensorflow_estimator tensorflow-gpu=tensorflow tensorflow-hub=tensorflow_hub
        tensorflow-intel=tensorflow tensorflow-io=tensorflow_io tensorflow-macos=tensorflow
        tensorflow-probability=tensorflow_probability tensorflow-rocm=tensorflow tensorflow-text=tensorflow_text
        torch-geometric=torch_geometric torch-scatter=torch_scatter torch-sparse=torch_sparse torch-xla=torch_xla
        typing-extensions=typing_extensions umap-learn=umap vaex-core=vaex websocket-client=websocket
        werkzeug=werkzeug wrf-python=wrf zope-interface=zope.interface
        """
}
