"""The page 月报: the month as a sheet of paper.

Part of web; the page loader imports `page.py`. Start reading there.
"""
