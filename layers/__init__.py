"""图层: frames in, Plotly traces out; every public file is one map layer that declares its source and how to paint it.

`brain.web` and `brain.report` import it; it imports `geo` only. Start reading at `_layer.py`, then any layer file.
"""
