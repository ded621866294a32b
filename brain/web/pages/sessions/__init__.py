"""The page 登录着的地方.

Part of web; the page loader imports `page.py`. Start reading there.
"""
