"""The wall (大屏) and seat (坐席).

Part of web; the page loader imports `page.py`. Start reading there.
"""
