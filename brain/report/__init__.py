"""The monthly 态势: one frozen snapshot, and every form (page, docx) made from it.

`brain.web` and `brain.__main__` import it. Start reading at `snapshot.py`.
"""
