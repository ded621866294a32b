"""One file or folder a transport: bytes of strangers become messages for the one writer, and are answered when they are safe.

May import feeds and write; only `ingest.worker` and the tools import it. Start reading at `mqtt.py`.
"""
