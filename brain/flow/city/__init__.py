"""What the city is and what is said about all of it: where a point lies, public warnings.

Part of flow; whoever places a thing calls it. Start reading at `locating.py`.
"""
