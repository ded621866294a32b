"""Pure decisions: no database, no file, no clock; time is an argument.

`flow`, `engine`, `report`, `web` and tests import it; it knows `model` only. Start reading at `lifecycle.py`.
"""
