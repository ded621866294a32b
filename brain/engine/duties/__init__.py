"""What the engine does besides judging, one file a duty; the file is the registration.

A file has NAME (its own name), EVERY (how often; zero: at every step) and run(conn, catalog, now), which returns how many
rows moved. `brain.engine.duty` alone imports them. Start reading at `sweep.py`.
"""
