"""The file door: what is laid into `drop/<feed>/` is taken in row by row.

Part of doors. Start reading at `door.py`, which watches the folders; `taking.py` brings one file to its end, `rows.py` reads
it, `folders.py` knows how files lie and move.
"""
