#!/usr/bin/env bash
# The whole suite on the plain body; and once more on TimescaleDB where the PostgreSQL installation has the extension.
# Browser tests run once: they look at screens, not at storage.
#
# In two processes, because one of them waits much of the time (for a browser, a kill, a timer): each has a PostgreSQL, a
# broker and a web server of its own, and takes whole files or folders, whose tests share what is dear to set up
# (tests/shares.py says which stay together and which begin). What holds the product to seconds runs behind them, alone.
set -u
python=.venv/bin/python
split=(-n "${BRAIN_TEST_PROCESSES:-2}" --dist loadfile)
"$python" -m pytest "${split[@]}" -m 'not alone' "$@"
first=$?
"$python" -m pytest -m alone "$@"
alone=$?
[ $first -ne 0 ] || first=$alone
home=${BRAIN_TEST_POSTGRES_HOME:-}
if "$python" -c "
import sys
from brain.local import postgres
sys.exit(not postgres.has_timescale(postgres.installation('$home')))"; then
  echo "TimescaleDB is here: the suite again on that body"
  "$python" -m pytest "${split[@]}" --body timescale -m 'not browser and not alone' "$@"
  second=$?
  [ $second -eq 0 ] || exit $second
fi
exit $first
