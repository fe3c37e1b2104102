#!/usr/bin/env bash
# All measurements on a GPU, some ten minutes: bash benchmarks/gpu.sh [OUT.md]. Tables and profiles go to one Markdown file.
# To try it without a GPU: DEVICE=cpu SIZE=64x96 BATCH=1 ROUNDS=1 bash benchmarks/gpu.sh
set -euo pipefail
cd "$(dirname "$0")/.."
OUT=${1:-work_dirs/gpu.md}
PYTHON=${PYTHON:-.venv/bin/python}
DEVICE=${DEVICE:-cuda} SIZE=${SIZE:-360x480} BATCH=${BATCH:-16} ROUNDS=${ROUNDS:-20}
NETS=${NETS:-fcn8s_vgg16_voc fcn8s_efficientnet-lite0_voc}
mkdir -p "$(dirname "$OUT")"
: > "$OUT"

section() { # TITLE MODULE ARGUMENTS...
  { echo "## $1"; echo; echo '```'; echo "python -m ${*:2}"; echo '```'; echo; } >> "$OUT"
  "$PYTHON" -W ignore -m "${@:2}" 2>> "$OUT.log" | grep -v "Could not import OneDL" >> "$OUT" || echo "failed: see $OUT.log" >> "$OUT"
  echo >> "$OUT"
}

for net in $NETS; do
  common="$net --device $DEVICE --rounds $ROUNDS --no-memory --dtype fp32 bf16"
  section "$net, forward of one image" benchmarks $common --size "$SIZE" --against plain
  section "$net, forward of a batch, compiled and not" benchmarks $common --size "$SIZE" --batch "$BATCH" --compile both
  section "$net, training step" benchmarks $common --size "$SIZE" --batch "$BATCH" --train --against plain
  section "$net, training step, compiled and not" benchmarks $common --size "$SIZE" --batch "$BATCH" --train --compile both
  for dtype in fp32 bf16; do
    section "$net, kernels of a training step in $dtype" benchmarks.kernels $net --train --dtype $dtype --batch "$BATCH" --size "$SIZE" --device "$DEVICE"
  done
  section "$net, kernels of a forward in bf16" benchmarks.kernels $net --dtype bf16 --batch 1 --size "$SIZE" --device "$DEVICE"
done
echo "$OUT"
