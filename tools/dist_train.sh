#!/usr/bin/env bash
# usage: dist_train.sh CONFIG NPROC [train.py options]
#
# Variables: NNODES, NODE_RANK, MASTER_ADDR and PORT (default 29500) for several machines, whose first then listens on all its networks;
# OMP_NUM_THREADS, threads of a process (default: the cores shared out). MAX_RESTARTS=n (default 0): where a process ends with an
# error or is killed, the launcher ends the others and starts all of them again, up to n times, whatever the error was; training
# goes on from its last checkpoint.
set -euo pipefail
if [ $# -lt 2 ]; then sed -n 2p "$0" >&2; exit 2; fi
config=$1 nproc=$2
shift 2
exec bash "$(dirname "$0")/_torchrun.sh" train.py "$nproc" "$config" "$@"
