#!/usr/bin/env bash
# usage: _torchrun.sh TOOL NPROC ARGS...   one process per GPU, or NPROC processes sharing the CPU cores
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tool=$1 nproc=$2
shift 2
cores=$(($(nproc) / nproc))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores > 0 ? cores : 1))}
export MKL_NUM_THREADS=${MKL_NUM_THREADS:-$OMP_NUM_THREADS}
nodes=${NNODES:-1} address=${MASTER_ADDR:-127.0.0.1} port=${PORT:-29500} restarts=${MAX_RESTARTS:-0}
meeting=(--node_rank="${NODE_RANK:-0}" --master_addr="$address" --master_port="$port")
if [ "$restarts" != 0 ]; then
    # else processes that are started again find the addresses of those that ended: github.com/pytorch/pytorch/issues/135712
    export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
    meeting=(--max_restarts="$restarts" --rdzv_backend=c10d --rdzv_endpoint="$address:$port" --rdzv_id=fcn)
    if [ "$nodes" = 1 ]; then meeting+=(--local_addr="$address"); fi  # the host's name may lead nowhere
fi
# torchrun ends with 1 whatever its processes end with: a run that was told to stop, and has saved, leaves a note for us
export FCN_STOP_NOTE=${TMPDIR:-/tmp}/fcn_stopped.$$
rm -f "$FCN_STOP_NOTE"
trap '' USR1  # torchrun knows nothing of it and would die; the processes do
torchrun --nnodes="$nodes" --nproc_per_node="$nproc" "${meeting[@]}" "$here/$tool" "$@" --launcher pytorch &
child=$!
for name in TERM INT USR1; do trap "kill -TERM $child" "$name"; done
code=0
while kill -0 "$child" 2>/dev/null; do  # a signal ends the waiting, not the child
    wait "$child" && code=0 || code=$?
done
if [ -e "$FCN_STOP_NOTE" ]; then
    rm -f "$FCN_STOP_NOTE"
    code=99
fi
exit "$code"
