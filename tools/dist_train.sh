#!/usr/bin/env bash
# usage: dist_train.sh CONFIG NPROC [train.py options]
set -euo pipefail
if [ $# -lt 2 ]; then sed -n 2p "$0" >&2; exit 2; fi
config=$1 nproc=$2
shift 2
exec bash "$(dirname "$0")/_torchrun.sh" train.py "$nproc" "$config" "$@"
