"""Whom to tell, in which words, into which row.

May import model, catalog, rules, store and identity; flow imports it. Start reading at `notices.py`.
"""
