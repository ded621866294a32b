"""The door of the screens: who is there, what he may open, and what strangers may send.

Part of web. Start reading at `gate.py`.
"""
