"""The record: connections, migrations and named SQL; knows `model` only.

`brain.flow` writes through it, `engine`, `report`, `web` and `ingest` read through it. Start reading at `db.py`, then
`migrations/0001_record.sql`; `timescale/` and `plain/` hold the only difference between the two storage bodies.
"""
