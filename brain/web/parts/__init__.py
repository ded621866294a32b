"""Pieces of pages: functions from values to Dash components; no database, no callback.

Only `brain.web.pages` imports it. Start reading at `bits.py`, then any panel of the wall.
"""
