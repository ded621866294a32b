"""The page 修改口令.

Part of web; the page loader imports `page.py`. Start reading there.
"""
