#!/usr/bin/env bash
# usage: _torchrun.sh TOOL NPROC ARGS...   one process per GPU, or NPROC processes sharing the CPU cores
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tool=$1 nproc=$2
shift 2
cores=$(($(nproc) / nproc))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores > 0 ? cores : 1))}
export MKL_NUM_THREADS=${MKL_NUM_THREADS:-$OMP_NUM_THREADS}
exec torchrun --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$nproc" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$here/$tool" "$@" --launcher pytorch
