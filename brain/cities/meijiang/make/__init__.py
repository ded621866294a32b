"""How the demo city's partition was made: seeds of villages, their regions, unit cells, codes, and the many stations.

Nothing imports it at run time; `python -m brain.cities.meijiang.make` runs it and writes what is shipped. Start reading at
`cells.py`, whose docstring tells the four steps.
"""
