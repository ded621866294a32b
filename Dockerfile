# One image for migrate, ingest, engine and web. Build it where PyPI (or its mirror) is reachable, carry it in.
FROM python:3.12.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data brain && mkdir /data && chown brain /data
WORKDIR /app
COPY pyproject.toml README.md ./
COPY geo geo
COPY layers layers
COPY brain brain
COPY ingest ingest
RUN pip install --no-cache-dir .
USER brain
VOLUME /data
CMD ["brain", "--help"]
