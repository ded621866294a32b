"""Strangers' tables into rows, pure: bytes to cells, cells to readings, columns to what they mean.

May import model, catalog and rules; flow, web and ingest import it. Start reading at `reading.py`; what a table's columns mean is
in `columns.py`, what a row then holds in `measurements.py` and `orders.py`.
"""
