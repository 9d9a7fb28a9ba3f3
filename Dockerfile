# Reelgate in containers. Two images from one file:
#   docker build -t reelgate .                          API nodes and workers (the last stage)
#   docker build -t reelgate-gateway --target gateway . nginx before them
# docker-compose.yaml builds and starts both, with RabbitMQ and PostgreSQL.

# The page, which the program holds.
FROM debian:bookworm-slim AS page
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY script/web /src/script/web
COPY api/openapi.yaml /src/api/openapi.yaml
COPY web /src/web
RUN /src/script/web

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        gcc libc6-dev meson ninja-build pkgconf libmicrohttpd-dev libgnutls28-dev libjansson-dev libjwt-dev \
        libsodium-dev libsqlite3-dev libpq-dev librabbitmq-dev libhiredis-dev librdkafka-dev \
        libcurl4-openssl-dev libexpat1-dev libavformat-dev libavcodec-dev libavfilter-dev libavutil-dev \
        libswscale-dev libswresample-dev libx264-dev libseccomp-dev \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY meson.build meson_options.txt /src/
COPY src /src/src
COPY --from=page /src/web/dist /src/web/dist
RUN meson setup /build /src --prefix=/usr --buildtype=release -Dprograms-only=true \
    && ninja -C /build \
    && DESTDIR=/out meson install -C /build --no-rebuild --strip

FROM debian:bookworm-slim AS gateway
RUN apt-get update && apt-get install -y --no-install-recommends nginx openssl \
    && rm -rf /var/lib/apt/lists/* /var/cache/* /var/lib/dpkg/*-old /var/log/* /etc/nginx/sites-enabled/default \
    && groupadd --gid 10001 reelgate \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin reelgate \
    && install -d -o 10001 -g 10001 -m 0700 /etc/reelgate/tls
COPY deploy/nginx/reelgate.conf deploy/docker/nginx.conf /etc/nginx/reelgate/
COPY deploy/docker/gateway /usr/local/bin/gateway
# The same user as the nodes: it reads the storage.
USER 10001:10001
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/local/bin/gateway", "healthy"]
ENTRYPOINT ["/usr/local/bin/gateway"]

FROM debian:bookworm-slim
# What is removed again belongs to desktops and to encoders in hardware, which FFmpeg's libraries name and
# the media helper never asks for; copyright files stay.
RUN apt-get update && apt-get install -y --no-install-recommends \
        libmicrohttpd12 libgnutls30 libjansson4 libjwt0 libsodium23 libsqlite3-0 libpq5 librabbitmq4 \
        libhiredis0.14 librdkafka1 libcurl4 libexpat1 libavformat59 libavcodec59 libavfilter8 libavutil57 \
        libswscale6 libswresample4 libseccomp2 ca-certificates \
    && cd /usr/share && rm -rf /var/lib/apt/lists/* /var/cache/* /var/lib/dpkg/*-old /var/log/* \
        X11 alsa fonts gdk-pixbuf* glib-2.0 icons libdrm libmysofa libthai mime themes \
    && cd /usr/lib/x86_64-linux-gnu && rm -rf mfx libmfxhw64* libmfx-tracer* gdk-pixbuf* \
    && groupadd --gid 10001 reelgate \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin reelgate \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/reelgate /srv/reelgate /run/reelgate
COPY --from=build /out/ /
COPY deploy/docker/secrets deploy/docker/healthy /usr/local/libexec/
USER 10001:10001
ENV REELGATE_DATA=/var/lib/reelgate REELGATE_LISTEN=0.0.0.0:8000
# Written: /var/lib/reelgate (data) and /srv/reelgate (a storage that is shared), each a volume; /tmp
# may be a tmpfs; all else may be read-only.
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/usr/local/libexec/healthy"]
ENTRYPOINT ["/usr/bin/reelgate"]
CMD ["serve"]
