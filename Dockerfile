# docs/image.md says how to build and run this, and what was left out.

# Any Debian-like base with Python 3.11 or newer and its venv module: --build-arg BASE=...
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS builder
# "[apprise]" for the targets that Apprise serves.
ARG EXTRAS=""
WORKDIR /src
COPY pyproject.toml constraints.txt README.md ./
COPY signatures signatures
COPY sigwatch sigwatch
# Settings of pip, such as the address of an index, come as a secret: a layer or a build argument would keep them.
# Only built packages are taken, so that no compiler is needed, and pip itself stays behind.
RUN --mount=type=secret,id=pip.conf \
    export PIP_CONFIG_FILE=/run/secrets/pip.conf \
    && python3 -m venv /tools \
    && python3 -m venv --without-pip /opt/sigwatch \
    && /tools/bin/pip --python /opt/sigwatch/bin/python3 install --no-cache-dir --no-compile --only-binary :all: \
        --constraint constraints.txt ".${EXTRAS}"
# botocore describes four hundred services in 28 MB; these are the ones that sigwatch asks or that credentials come from.
RUN find /opt/sigwatch/lib/python3.*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name logs ! -name cloudwatch ! -name dynamodb ! -name sts ! -name sso ! -name sso-oidc ! -name signin \
        -exec rm -r {} +
# Nothing can be compiled later into a read-only root, and the official bases come without bytecode of the standard
# library. Ours is trusted unseen; that of the standard library only as long as its source has the same time.
ENV PYTHONPYCACHEPREFIX=/opt/sigwatch/bytecode
RUN /opt/sigwatch/bin/sigwatch --help > /dev/null \
    && /opt/sigwatch/bin/sigwatch check /src/signatures > /dev/null \
    && python3 -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /opt/sigwatch/lib \
    && mkdir /state

FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sigwatch" \
      org.opencontainers.image.description="Recognises known incidents in CloudWatch Logs and tells on-call what fixed them last time." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=builder --chown=0:0 /opt/sigwatch /opt/sigwatch
# A new volume takes over the owner of the folder that it is mounted on.
COPY --from=builder --chown=10001:10001 /state /var/lib/sigwatch
# With an arena for each of its threads, memory that is free in one is missed in another, and the process grows for weeks.
# The cache is worth keeping but not needed: without a writable /tmp the daemon compiles its patterns at each start.
ENV PATH=/opt/sigwatch/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/sigwatch/bytecode \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    XDG_CACHE_HOME=/tmp/sigwatch-cache
# Every verb finds ./sigwatch.yaml here, `sigwatch healthcheck` included.
WORKDIR /etc/sigwatch
USER 10001:10001
EXPOSE 9464
# Fargate gives a task volume to root unless the image names its path.
VOLUME ["/tmp"]
STOPSIGNAL SIGTERM
# No HEALTHCHECK: ECS ignores it and takes the one of the task definition, and Kubernetes ignores it too.
ENTRYPOINT ["sigwatch"]
CMD ["run"]
