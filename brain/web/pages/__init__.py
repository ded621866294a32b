"""The pages: one folder each, whose `page.py` has `PAGE`, `layout(person, **query)` and `callbacks(app)`.

`brain.web.app` loads every folder of this one by its name. Start reading at `about/page.py`, the smallest, then `wall/page.py`.
"""
