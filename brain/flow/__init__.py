"""One transaction a verb: lock the row, ask the rule, write row and log line, leave.

`engine`, `report`, `web` and `ingest` import it; it knows `model`, `catalog`, `rules` and `store`. Start reading at `events.py`.
"""
