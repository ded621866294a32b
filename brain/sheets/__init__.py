"""Strangers' tables into rows, pure: bytes to cells, cells to readings, columns to what they mean.

May import model, catalog and rules; flow, web and ingest import it. Start reading at `reading.py`.
"""
