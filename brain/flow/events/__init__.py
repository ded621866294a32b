"""Events (案卷): every verb is one transaction that locks the row, asks the rules, writes row and log line.

Part of flow; engine, report, web and ingest call it. Start reading at `acting.py`.
"""
