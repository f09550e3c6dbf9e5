# One image for every part; docker-compose.yml says which one a container is.
# The steps are those of ./run, so that what is tested is what is packed. It has not been built where it was written:
# there was no container engine.
FROM python:3.13-slim
WORKDIR /flashwire
ENV PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
COPY setup pyproject.toml requirements.lock README.md LICENSE ./
COPY config config
COPY service service
COPY workers workers
RUN ./setup run && useradd --system --uid 10001 --no-create-home flashwire && mkdir data && chown flashwire data
USER flashwire
VOLUME /flashwire/data
ENTRYPOINT [".venv/bin/flashwire"]
CMD ["--help"]
