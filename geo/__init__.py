"""几何: coordinates, grids and networks; knows no business, no database and no other package of ours.

Anyone may import it. Start reading at `crs.py` (the only place that converts) and `grid.py` (cells and `locate`).
"""
