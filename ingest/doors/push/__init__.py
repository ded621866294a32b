"""The HTTP door: departments push signed rows and are answered row by row.

Part of doors. Start reading at `door.py`.
"""
