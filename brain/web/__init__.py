"""The screens: wall and seat, phone, report, and the API beside them.

Only `brain.__main__` and tests import it; it may import `layers`. Start reading at `app.py`.
"""
