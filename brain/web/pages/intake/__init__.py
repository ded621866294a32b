"""The page 接入质量: accounts, feeds, dead letters.

Part of web; the page loader imports `page.py`. Start reading there.
"""
