#!/usr/bin/env bash
# The whole suite on the plain body; and once more on TimescaleDB where the PostgreSQL installation has the extension.
# Browser tests run once: they look at screens, not at storage.
set -u
python=.venv/bin/python
"$python" -m pytest "$@"
first=$?
home=${BRAIN_TEST_POSTGRES_HOME:-}
if "$python" -c "
import sys
from brain.local import postgres
sys.exit(not postgres.has_timescale(postgres.installation('$home')))"; then
  echo "TimescaleDB is here: the suite again on that body"
  "$python" -m pytest --body timescale -m 'not browser' "$@"
  second=$?
  [ $second -eq 0 ] || exit $second
fi
exit $first
