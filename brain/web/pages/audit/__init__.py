"""The page 审计记录: who did what, from where, and whether it was let; how far the chain has come.

Part of web; the page loader imports `page.py`. Start reading there.
"""
