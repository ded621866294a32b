"""接入: strangers' data come in through the doors here and end in the one batch writer.

Nobody imports it but its own command and the tests; it imports `geo` and `brain.{model,catalog,flow,store,settings}`,
never `brain.web`. Start reading at `batch.py` (the delivery promise), then `mqtt.py` and any folder of `feeds/`.
"""
