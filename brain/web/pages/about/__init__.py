"""The page 关于数据: what is real, sketched, simulated or mapped.

Part of web; the page loader imports `page.py`. Start reading there.
"""
