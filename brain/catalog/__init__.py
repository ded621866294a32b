"""What a city edits without a developer, as TOML; the loader checks it and names file and key on error.

Everything in `brain` and `ingest` may import it; it knows `model` only. Start reading at `sensors.toml` and `categories.toml`.
"""
