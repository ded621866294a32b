"""The page 怎样接入: what a sender sends, where, as whom, what it gets back, and what when it is wrong.

Part of web; the page loader imports `page.py`. Start reading there.
"""
