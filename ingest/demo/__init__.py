"""The demo's senders: recordings of real series and declared generators, played through the real broker.

May import feeds. Start reading at `replay.py`.
"""
