"""Several packages: a table of measurements, a graph of stations, and a little linear algebra."""

import networkx as nx
import numpy as np
import pandas as pd

draw = np.random.default_rng(11)
table = pd.DataFrame({"station": draw.integers(0, 12, 400), "depth": draw.gamma(2.0, 50.0, 400)})
depths = table.groupby("station")["depth"].mean()
stations = nx.path_graph(len(depths))
nx.set_node_attributes(stations, depths.to_dict(), "depth")
print(f"{len(table)} soundings at {len(stations)} stations, {depths.mean():.0f} m deep on average")
