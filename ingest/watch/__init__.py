"""Watches over intake: signs of life, contract drift, dead letters and their mending.

May import feeds and write. Start reading at `beat.py`.
"""
