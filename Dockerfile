# The whole workflow in one image, for CPU and GPU hosts: docs/containers.md.
# The base needs Python or Debian's apt, nothing of CUDA: torch's wheels bring the libraries along,
# the host brings the driver.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini $(command -v python3 > /dev/null || echo python3) \
    && rm -rf /var/lib/apt/lists/*

# Compiled is sed_scores_eval alone; every other package has a wheel, or is Python only.
FROM base AS environment
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        g++ $(test ! -x /usr/bin/python3 || echo python3-venv python3-dev) \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/venv
# Only pip in this stage sees them: a mirror, a CA file or a folder of wheels (mounted with -v).
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CERT
COPY requirements.txt requirements-check.txt /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir \
        -r /tmp/requirements.txt -r /tmp/requirements-check.txt

FROM base
# Training on a CPU compiles a few loops for the processor that it runs on.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY --from=environment /opt/venv /opt/venv
COPY . /opt/sed
# Any user id may run it (--user): caches go to /tmp, and USER names an id that has no account.
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    USER=sed \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN install -d -m 1777 /project
USER 1000:1000
# Options name files of the image (configs/mini.yaml); what is made goes below /project.
WORKDIR /opt/sed
VOLUME /project
# -g: SIGTERM reaches the running jobs too, which save where they are. Options given later win.
ENTRYPOINT ["tini", "-g", "--", "snakemake", "--directory=/project", "--cores=all"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sed" \
      org.opencontainers.image.description="Sound event detection on DESED as a Snakemake workflow" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}"
