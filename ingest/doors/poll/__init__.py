"""The polling door: asks the sources declared in `poll.toml`.

Part of doors. Start reading at `polling.py`.
"""
