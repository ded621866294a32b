"""The page 文件接入: a department lays down a sheet.

Part of web; the page loader imports `page.py`. Start reading there.
"""
