"""The API beside the screens: one router a file, named `router`; `brain.web.app` mounts every one of this folder.

Only `brain.web.app` and tests import it. Start reading at `health.py`.
"""
