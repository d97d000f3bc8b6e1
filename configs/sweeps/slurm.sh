#!/usr/bin/env bash
# A sweep as a Slurm array of 40 jobs, each with its share of the members, and one job after them that puts the file together:
#   jobs=$(sbatch --parsable slurm.sh depth_dwell.toml sweep.h5)
#   sbatch --dependency=afterany:$jobs --wrap "dermaflux sweep collect depth_dwell.toml -o sweep.h5"
# A job that is ended, preempted or killed may be submitted again (sbatch --array=3,7 slurm.sh ...): it repeats no member.
# `dermaflux sweep status depth_dwell.toml -o sweep.h5` says how far all are.
#SBATCH --job-name=dermaflux
#SBATCH --array=1-40
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
#SBATCH --requeue
set -euo pipefail
plan=${1:?which sweep? sbatch slurm.sh SWEEP.toml OUTPUT.h5}
output=${2:?where to? sbatch slurm.sh SWEEP.toml OUTPUT.h5}
shards=${3:-40}  # as many as the array has jobs; the same when some of them are submitted again
exec dermaflux sweep run "$plan" -o "$output" --threads "${SLURM_CPUS_PER_TASK:-1}" \
  --shard "${SLURM_ARRAY_TASK_ID:?no job of an array; use sbatch}/$shards"
