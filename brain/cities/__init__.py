"""Demo districts as folders of data, entered by the loader like any real district.

Only `brain.local`, `brain.commands` and the page 关于数据 may import it. Start reading at `meijiang`.
"""
