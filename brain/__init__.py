"""城市大脑: words, rules, record, loop and screens of one district.

Inside: model <- {catalog, rules, store} <- flow <- {engine, report, web}; `ingest` sits on top and may import
`brain.{model,catalog,flow,store,settings}`. Start reading at `model.py`, then `flow/events.py`.
"""

__version__ = "0.1.0"
