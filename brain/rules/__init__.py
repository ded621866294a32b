"""Pure decisions: no database, no file, no clock; time is an argument.

`flow`, `engine`, `report`, `web` and tests import it; it knows `model` only. Start reading at `lifecycle.py` for cases, at
`thresholds.py` for alerts; `types/` holds one file a rule type and says in its docstring how to add one.
"""
