"""The clock: consumes committed batches, evaluates rules, sweeps due rows; holds no timers.

Only `brain.__main__` and tests import it. Start reading at `loop.py`.
"""
