"""What comes in from instruments, and what people know of them and do about it.

Part of flow; ingest, engine and the screens call it. Start reading at `readings.py`.
"""
