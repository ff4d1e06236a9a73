# What is particular to your cluster. Edit it once: jobs/submit.sh reads it on the login node, every job on its nodes.
# A variable that is already set, in your shell or in ~/.bashrc, wins over the default given here.

# The environment the program was built in, for instance:
#   module load gcc openmpi openblas hdf5
#   . "$HOME/spack/share/spack/setup-env.sh" && spack env activate "$HOME/confer/cluster"
#   CONFER="apptainer exec $HOME/confer.sif confer"

# The program; may hold words in front of it, as for a container. Default: what jobs/quickstart.sh has built.
: "${CONFER=}"

# How ranks are started. srun with PMIx is best where `srun --mpi=list` knows pmix; mpirun works inside jobs as well.
# A rank that dies ends the others half a minute later; at once would also end those that are just finishing.
#   CONFER_LAUNCHER="mpirun --map-by slot:PE=${SLURM_CPUS_PER_TASK:-1}"
: "${CONFER_LAUNCHER=srun --mpi=pmix --kill-on-bad-exit=0 --wait=30}"
# How Slurm lets the ranks wait for each other at the start. With its other way, tree, which it also takes by default for
# small amounts of data, Open MPI 4.1 crashed in MPI_Init in 1 of 10 starts of 4 ranks on 2 nodes; with ring in none of 61.
export SLURM_PMIX_FENCE="${SLURM_PMIX_FENCE-ring}"

# Directories that every node has for itself: data and results below them are refused.
: "${CONFER_LOCAL_DIRECTORIES=/tmp /var/tmp /dev/shm /run}"

# jobs/submit.sh asks for as many ranks as end a comparison within about so many seconds.
: "${CONFER_GOAL=600}"

# Time limit of commands whose time cannot be predicted. A job whose time is over saves its work and goes on by itself.
: "${CONFER_TIME=1:00:00}"

# Account, partition and the like: whatever sbatch reads from the environment.
#   export SBATCH_ACCOUNT=neuro SBATCH_PARTITION=compute
