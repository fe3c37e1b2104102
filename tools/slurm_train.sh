#!/usr/bin/env bash
# usage: [NODES=1 GPUS_PER_NODE=8] slurm_train.sh PARTITION JOB_NAME CONFIG [train.py options]
set -euo pipefail
if [ $# -lt 3 ]; then sed -n 2p "$0" >&2; exit 2; fi
exec bash "$(dirname "$0")/_srun.sh" train.py "$@"
