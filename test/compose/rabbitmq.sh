#!/usr/bin/env bash
# As root: makes the folder the server's, and goes on as it. RabbitMQ itself reads RABBITMQ_DEFAULT_USER
# and RABBITMQ_DEFAULT_PASS.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
    chown -R rabbitmq: "$HOME"
    exec setpriv --reuid rabbitmq --regid rabbitmq --init-groups "$0" "$@"
fi
exec "/usr/lib/rabbitmq/bin/$1"
