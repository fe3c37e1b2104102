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
# a folder of our own, for notes; it ends with us
FCN_LAUNCH=$(mktemp -d)
trap 'rm -rf "$FCN_LAUNCH"' EXIT
# torchrun ends with 1 whatever its processes end with: a run that was told to stop, and has saved, leaves a note for us
export FCN_STOP_NOTE=$FCN_LAUNCH/stopped
# else processes that are started again find the addresses of those that ended: github.com/pytorch/pytorch/issues/135712
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
if [ "$nodes" = 1 ]; then  # they meet over files: torch's own meeting point listens on all networks of the machine
    export FCN_STORE=$FCN_LAUNCH/store
    if [ -e /sys/class/net/lo ]; then export GLOO_SOCKET_IFNAME=${GLOO_SOCKET_IFNAME:-lo}; fi
    meeting=(--rdzv_backend=c10d --rdzv_conf=store_type=file --rdzv_endpoint="$FCN_LAUNCH/launcher" --local_addr=127.0.0.1)
elif [ "$restarts" != 0 ]; then
    meeting=(--rdzv_backend=c10d --rdzv_endpoint="$address:$port" --rdzv_id=fcn)
else
    meeting=(--node_rank="${NODE_RANK:-0}" --master_addr="$address" --master_port="$port")
fi
stop() {  # once: at a second signal torchrun leaves its processes, which we wait for
    trap '' TERM INT USR1 HUP
    stopped=1 ranks=$(cat "/proc/$child/task/$child/children" 2>/dev/null || true)
    kill -TERM "$child" 2>/dev/null || true
}
stopped=0 ranks=''
export PET_SIGNALS_TO_HANDLE=SIGTERM,SIGINT,SIGQUIT  # the others are ours
trap '' USR1 HUP
torchrun --nnodes="$nodes" --nproc_per_node="$nproc" --max_restarts="$restarts" "${meeting[@]}" "$here/$tool" "$@" --launcher pytorch &
child=$!
trap stop TERM INT USR1 HUP
code=0
while kill -0 "$child" 2>/dev/null; do  # a signal ends the waiting, not the child
    wait "$child" && code=0 || code=$?
done
for rank in $ranks; do
    while kill -0 "$rank" 2>/dev/null; do sleep 0.1; done
done
if [ -e "$FCN_STOP_NOTE" ] || { [ "$stopped" = 1 ] && [ "$code" != 0 ]; }; then code=99; fi
exit "$code"
