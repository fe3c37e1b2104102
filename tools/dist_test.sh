#!/usr/bin/env bash
# usage: dist_test.sh CONFIG CHECKPOINT NPROC [test.py options]   variables: those of dist_train.sh
set -euo pipefail
if [ $# -lt 3 ]; then sed -n 2p "$0" >&2; exit 2; fi
config=$1 checkpoint=$2 nproc=$3
shift 3
exec bash "$(dirname "$0")/_torchrun.sh" test.py "$nproc" "$config" "$checkpoint" "$@"
