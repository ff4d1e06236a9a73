#!/usr/bin/env python3
"""Many small representations, all pairs: time and memory of every phase beside what the cost model says.

    scale.py --confer build/release/confer --representations 10000 --samples 500 --neurons 20 --measures svcca
    scale.py --confer ... --representations 1000 --samples 2000 --neurons 50 --ranks 1,2 --overhead

Prints one table per number of ranks, the peak memory of every rank as the system saw it, and what `confer plan` says of
the same sizes. --overhead also counts what journals and messages of progress cost: the system calls that write, with the
time spent in them (needs strace), in a run of its own. One BLAS thread per rank.
"""
import argparse
import json
import os
import re
import resource
import subprocess
import tempfile
import threading
import time

import h5py
import numpy as np

ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1"}
MIB = 1 << 20


def make(directory, representations, samples, neurons, layers):
    """Networks of `layers` layers each, that share some structure."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((samples, 8), dtype=np.float32)
    os.makedirs(directory, exist_ok=True)
    for first in range(0, representations, layers):
        number = first // layers
        names = [f"layer{i:02d}" for i in range(min(layers, representations - first))]
        with h5py.File(os.path.join(directory, f"net{number:05d}.h5"), "w") as f:
            f.attrs.update({"format": "acts/1", "network": f"net{number:05d}", "step": 0,
                            "inputs_id": f"synthetic {samples}", "first_sample": 0, "total_samples": samples,
                            "layers": names})
            for name in names:
                mix = rng.standard_normal((8, neurons), dtype=np.float32)
                f[f"activations/{name}"] = latent @ mix + rng.standard_normal((samples, neurons), dtype=np.float32)


class Memory(threading.Thread):
    """The peak of every process of the program, from the system, while it runs."""

    def __init__(self, program, output):
        super().__init__(daemon=True)
        self.program, self.output, self.peaks, self.over = program, output, {}, threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        words = file.read().decode(errors="replace").split("\0")
                    if words[0] != self.program or self.output not in words:
                        continue
                    with open(f"/proc/{pid}/status") as file:
                        status = file.read()
                except OSError:
                    continue
                peak = re.search(r"VmHWM:\s+(\d+)", status)
                if peak:
                    self.peaks[int(pid)] = int(peak.group(1)) / 1024


def run(arguments, ranks, data, output, *more, prefix=()):
    """Seconds of wall and CPU time, and the peaks in MiB."""
    command = [*prefix, "mpirun", "-n", str(ranks), arguments.confer, "compare", data, "--measures", arguments.measures,
               "--output", output, "--fresh", *more]
    memory = Memory(arguments.confer, output)
    memory.start()
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    memory.over.set()
    memory.join()
    return (time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            [round(memory.peaks[pid]) for pid in sorted(memory.peaks)])


def show(output):
    """The phases of a results file."""
    phases = {}
    with h5py.File(output, "r") as f:
        names = [name.decode() for name in f["phase"][...]]
        columns = {key: f[key][...] for key in ("phase_seconds", "phase_cpu_seconds", "phase_predicted_seconds", "phase_memory",
                                                "phase_memory_planned") if key in f}
        for i, name in enumerate(names):
            phases[name] = {key: float(values[i]) for key, values in columns.items()}
    for name, values in phases.items():
        print(f"  {name:<14}" + "  ".join(f"{key[6:]} {value / MIB if 'memory' in key else value:10.3f}"
                                          for key, value in values.items()))
    return phases


def planned(arguments, ranks):
    rank = ["--rank", str(arguments.neurons)]
    run = subprocess.run([arguments.confer, "plan", "--representations", str(arguments.representations), "--samples",
                          str(arguments.samples), "--neurons", str(arguments.neurons), *rank, "--measures",
                          arguments.measures, "--ranks", str(ranks), "--json"], check=True, capture_output=True,
                         text=True, env={**os.environ, **ENVIRONMENT})
    return json.loads(run.stdout)


def overhead(arguments, data, output, pairs_seconds):
    """What is written, and how long that takes, against the pair stage of a run that nobody watched."""
    trace = output + ".trace"
    run(arguments, 1, data, output, "--progress", "always",
        prefix=("strace", "-f", "--seccomp-bpf", "-T", "-y", "-e", "trace=write,pwrite64,fsync", "-o", trace))
    kinds = {"journal": [0, 0.0, 0], "progress": [0, 0.0, 0]}
    with open(trace) as file:
        for line in file:
            call = re.search(r"(?:write|pwrite64)\(\d+<([^>]*)>.*= (\d+) <([0-9.]+)>", line)
            if not call:
                continue
            kind = ("journal" if call.group(1).endswith(".journal") else
                    "progress" if "confer: " in line or "pairs" in line else None)
            if kind:
                entry = kinds[kind]
                kinds[kind] = [entry[0] + 1, entry[1] + float(call.group(3)), entry[2] + int(call.group(2))]
    os.unlink(trace)
    for kind, (calls, seconds, count) in kinds.items():
        print(f"  {kind}: {calls} writes, {count / MIB:.1f} MiB, {seconds:.3f} s "
              f"({100 * seconds / pairs_seconds:.2f} % of the pair stage)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--confer", required=True)
    parser.add_argument("--representations", type=int, default=3000)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--neurons", type=int, default=20)
    parser.add_argument("--layers", type=int, default=10, help="of each network, in one file")
    parser.add_argument("--measures", default="svcca")
    parser.add_argument("--ranks", default="2")
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--keep", help="a directory for data and results, used again when it is there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = arguments.keep or scratch
        data, output = os.path.join(directory, "data", ""), os.path.join(directory, "results.h5")
        if not os.path.isdir(data):
            make(data, arguments.representations, arguments.samples, arguments.neurons, arguments.layers)
        pairs_of_one = {}
        for ranks in map(int, arguments.ranks.split(",")):
            wall, cpu, peaks = run(arguments, ranks, data, output)
            print(f"{ranks} ranks: {wall:.1f} s wall, {cpu:.1f} s CPU, peaks {peaks} MiB, "
                  f"results {os.path.getsize(output) / MIB:.0f} MiB")
            pairs_of_one[ranks] = show(output)["pairs"]["phase_seconds"]
            plan = planned(arguments, ranks)
            print(f"  plan: {plan['seconds']:.1f} s, first rank {plan['memory_first_rank'] / MIB:.0f} MiB, others "
                  f"{plan['memory_per_rank'] / MIB:.0f} MiB, tiles {plan['tiles']:.0f}, balance {plan['balance']:.3f}",
                  flush=True)
        if arguments.overhead:
            overhead(arguments, data, output, pairs_of_one.get(1) or next(iter(pairs_of_one.values())))


if __name__ == "__main__":
    main()
