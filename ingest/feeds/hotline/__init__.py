"""12345 工单: rows of the sheets that the city's hotline platform exports, one order a row.

The payload is that of `_rows.py`; the columns mean number, state, content, address and so on (`catalog/sheets.toml`, group
field.orders). The door leaves out what is about the caller before it hands a row over, and the text is masked here.
"""

from __future__ import annotations

from datetime import datetime

from brain.model import WorkOrder
from brain.sheets import orders
from brain.sheets.cells import Unreadable
from brain.sheets.masking import masked
from ingest.feeds import ANY, BadMessage, Feed, _rows

FEED = Feed("hotline", "12345 工单", ANY, "", "zsj", gbk=True)


def parse(topic: str, payload: bytes, received_at: datetime) -> list[WorkOrder]:
    """The order of one row. Raises BadMessage only."""
    row, meant, _ = _rows.opened(payload)
    spared: list[Unreadable] = []
    try:
        found = [orders.order_of(row, meant, received_at, spared)]
    except Unreadable as err:
        raise BadMessage(err.rule, masked(str(err))) from None
    if spared:
        raise BadMessage(spared[0].rule, masked(str(spared[0])), found)
    return found
