"""The page 登录.

Part of web; the page loader imports `page.py`. Start reading there.
"""
