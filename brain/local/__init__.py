"""The embedded default: PostgreSQL from a wheel, an MQTT broker, the demo city, and the supervisor that runs them.

Only `brain.__main__` and the tests import it. Start reading at `supervisor.py`, then `postgres.py` and `broker.py`.
"""
