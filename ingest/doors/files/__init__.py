"""The file door: what is laid into `drop/<feed>/` is taken in row by row.

Part of doors. Start reading at `door.py`.
"""
