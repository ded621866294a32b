"""The only writer: the delivery promise lives here.

May import feeds; doors and watch import it. Start reading at `batch.py`.
"""
