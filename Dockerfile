# One image for every part of ours; docker-compose.yml says which one a container is. Another for Caddy without root.
# The steps are those of ./run, so that what is tested is what is packed. It has not been built where it was written:
# there was no container engine.
FROM caddy:2 AS caddy
# Caddy's own folders belong to root, and a new volume belongs to whom the folder under it does.
RUN mkdir -p /caddy/data /caddy/config && chown -R 10002:10002 /caddy
ENV XDG_DATA_HOME=/caddy/data XDG_CONFIG_HOME=/caddy/config
USER 10002:10002

FROM python:3.13-slim AS flashwire
WORKDIR /flashwire
ENV PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1 PATH=/flashwire/.venv/bin:$PATH
COPY setup pyproject.toml requirements.lock README.md LICENSE sbom.cdx.json ./
COPY config config
COPY service service
COPY workers workers
RUN ./setup run && useradd --system --uid 10001 --no-create-home flashwire && mkdir data && chown flashwire data
USER flashwire
VOLUME /flashwire/data
ENTRYPOINT [".venv/bin/flashwire"]
CMD ["--help"]
