"""The pages: one file each, with `PAGE`, `layout(person, **query)` and `callbacks(app)`.

`brain.web.app` loads every file of this folder by its name. Start reading at `about.py`, the smallest, then `wall.py`.
"""
