#!/usr/bin/env bash
# usage: _srun.sh TOOL PARTITION JOB_NAME ARGS...   NODES machines with GPUS_PER_NODE processes each (environment)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tool=$1 partition=$2 job=$3
shift 3
export NNODES=${NODES:-1} GPUS_PER_NODE=${GPUS_PER_NODE:-8} PORT=${PORT:-29500}
# one torchrun per machine; the first machine of the job is the meeting point
exec srun -p "$partition" --job-name="$job" --nodes="$NNODES" --ntasks-per-node=1 \
    --gres="gpu:$GPUS_PER_NODE" --cpus-per-task="${CPUS_PER_TASK:-$((5 * GPUS_PER_NODE))}" --kill-on-bad-exit=1 \
    bash -c 'export NODE_RANK=$SLURM_NODEID MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
             exec bash "$0" "$@"' "$here/_torchrun.sh" "$tool" "$GPUS_PER_NODE" "$@"
