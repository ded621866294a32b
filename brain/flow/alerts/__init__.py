"""Alerts: what rules believe, written down, and whom that concerns.

Part of flow; the engine and the screens call it. Start reading at `recording.py`.
"""
