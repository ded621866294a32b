"""The verbs of the command `brain`, one file each.

May import everything of brain; only `brain.__main__` and `brain.local` import it. Start reading at `check.py`.
"""
