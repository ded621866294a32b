"""What changed goes to every open page.

Part of web. Start reading at `hub.py`.
"""
