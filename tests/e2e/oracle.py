"""The core measures straight from their formulas, in NumPy and double precision: what confer is held against.

Nothing here is shared with the program: matrices are factored by LAPACK's SVD, debiased CKA goes over the explicit
n x n Gram matrices, chance levels are integrated numerically. Clear rather than fast.
"""
import glob
import os
from dataclasses import dataclass, field

import h5py
import numpy as np
from scipy import integrate

ROUNDOFF = {"float16": 2.0**-11, "float32": 2.0**-24, "float64": 2.0**-53}
MEASURES = ("cca", "cca_r2", "svcca", "pwcca", "cka", "cka_debiased", "procrustes", "procrustes_angle", "regression")
WITH_CHANCE = ("cka", "cka_debiased", "cca_r2", "regression")  # mean and standard deviation in closed form


@dataclass
class Representation:
    """One layer of one checkpoint as a matrix, rows by features, as stored and then factored."""
    network: str
    step: int
    layer: str
    depth: int
    inputs_id: str
    matrix: np.ndarray
    stored_rms: float
    roundoff: float
    rows_per_sample: int = 1
    u: np.ndarray = field(default=None, repr=False)
    s: np.ndarray = field(default=None, repr=False)
    vt: np.ndarray = field(default=None, repr=False)

    @property
    def label(self):
        return f"{self.network}@{self.step}/{self.layer}"

    @property
    def rank(self):
        return len(self.s)

    def factor(self, relative_tolerance=None):
        """Centres and factors the matrix; the rank rule is that of the program's manual."""
        x = self.matrix - self.matrix.mean(axis=0)
        x[:, self.matrix.min(axis=0) == self.matrix.max(axis=0)] = 0  # constant, whatever the rounding of their mean
        n, p = x.shape
        u, s, vt = np.linalg.svd(x, full_matrices=False)
        tau = self.roundoff / np.sqrt(3) * self.stored_rms * (np.sqrt(n) + np.sqrt(p))
        cut = 2 * tau if relative_tolerance is None else relative_tolerance * s[0]
        arithmetic = 32 * 2.0**-53 * np.sqrt(min(n, p)) * np.linalg.norm(x)  # what is left of an exact zero
        rank = min(int(np.sum(s > max(cut, arithmetic))), n - 1)
        self.u, self.s, self.vt = u[:, :rank], s[:rank], vt[:rank]
        return self

    def components(self, variance=0.99, fixed=None):
        """Leading directions that SVCCA keeps."""
        if fixed is not None:
            return min(fixed, self.rank)
        share = np.cumsum(self.s**2) / np.sum(self.s**2)
        return int(np.argmax(share >= variance)) + 1 if variance < 1 else self.rank

    @property
    def participation_ratio(self):
        return np.sum(self.s**2) ** 2 / np.sum(self.s**4)


# ---- reading acts/1 ----------------------------------------------------------------------------------------------

def _text(value):
    value = np.asarray(value).reshape(-1)[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def _shape_as_matrix(values, axes, conv, sequence):
    """(matrix, rows per sample) of an array under the layout rules; values in double precision."""
    order = [axis for axis in ("sample", "time", "height", "width", "neuron") if axis in axes]
    values = np.transpose(values, [axes.index(axis) for axis in order])
    row_axes, axis = 1, 1
    for names, rule in ((("time",), sequence), (("height", "width"), conv)):
        present = sum(name in order for name in names)
        if present == 0:
            continue
        if rule == "mean":
            values = values.mean(axis=tuple(range(axis, axis + present)))
        elif rule == "last":
            values = np.take(values, -1, axis=axis)
        else:
            axis += present
            row_axes += present if rule == "positions" else 0
    rows = int(np.prod(values.shape[:row_axes]))
    return values.reshape(rows, -1), rows // values.shape[0]


def load(paths, conv="mean", sequence="positions"):
    """Representations of all files, in catalog order: network, step, depth."""
    parts = {}
    for path in paths:
        with h5py.File(path, "r") as f:
            network, inputs_id = _text(f.attrs["network"]), _text(f.attrs["inputs_id"])
            steps = f["steps"][:] if "steps" in f else [int(np.asarray(f.attrs["step"]).reshape(-1)[0])]
            for depth, layer in enumerate(_text(name) for name in f.attrs["layers"]):
                data = f["activations"][layer]
                axes = _text(data.attrs.get("axes", "sample,neuron")).replace("channel", "neuron").split(",")
                for row, step in enumerate(steps):
                    values, left = data, axes
                    if "step" in axes:
                        values = np.take(data[...], row, axis=axes.index("step"))
                        left = [axis for axis in axes if axis != "step"]
                    key = (network, int(step), depth)
                    parts.setdefault(key, []).append((int(np.asarray(f.attrs["first_sample"]).reshape(-1)[0]),
                                                      np.asarray(values), left, layer, inputs_id))
    result = []
    for (network, step, depth), shards in sorted(parts.items(), key=lambda item: item[0]):
        shards.sort(key=lambda shard: shard[0])
        axes, layer, inputs_id = shards[0][2:]
        stored = np.concatenate([shard[1] for shard in shards], axis=axes.index("sample"))
        values = stored.astype(np.float64)
        matrix, rows_per_sample = _shape_as_matrix(values, axes, conv, sequence)
        result.append(Representation(network, step, layer, depth, inputs_id, matrix, np.sqrt(np.mean(values**2)),
                                     ROUNDOFF.get(stored.dtype.newbyteorder("=").name, 2.0**-53), rows_per_sample))
    return result


def files(*places):
    """All *.h5 under the given files and directories."""
    found = []
    for place in places:
        found += [place] if os.path.isfile(place) else glob.glob(os.path.join(place, "**", "*.h5"), recursive=True)
    return sorted(found)


# ---- measures ----------------------------------------------------------------------------------------------------

def canonical_correlations(x, y):
    return np.clip(np.linalg.svd(x.u.T @ y.u, compute_uv=False), 0, 1)


def pwcca(x, y):
    """Mean canonical correlation, weighted by how much of x's neurons lies along each canonical variate of x."""
    left, rho, _ = np.linalg.svd(x.u.T @ y.u, full_matrices=False)
    variates = x.u @ left
    weights = np.abs(variates.T @ (x.matrix - x.matrix.mean(axis=0))).sum(axis=1)
    return np.sum(weights * np.clip(rho, 0, 1)) / np.sum(weights)


def pairwise(score, representations):
    """Matrix of a score over all pairs of factored representations of the same rows; 0 where they cannot be paired."""
    return np.array([[score(x, y) if comparable(x, y) and x.rank and y.rank else 0.0 for y in representations]
                     for x in representations])


def pwcca_looseness(x, y):
    """How far PWCCA moves when the bases are rounded to single precision.

    Within equal canonical correlations the variates, hence the weights, are arbitrary: there the value is ill-defined.
    """
    moved = [0.0]
    for sign in (0.5, 1.0, 1.5):  # three roundings of the same bases
        rounded = [Representation(r.network, r.step, r.layer, r.depth, r.inputs_id, r.matrix, r.stored_rms, r.roundoff,
                                  u=(r.u * (1 + sign * 2.0**-20)).astype(np.float32) / (1 + sign * 2.0**-20), s=r.s,
                                  vt=r.vt) for r in (x, y)]
        moved.append(abs(pwcca(*rounded) - pwcca(x, y)))
    return max(moved)


def u_centred_products(representations):
    """All inner products <K~_i, K~_j> of the U-centred Gram matrices, over blocks of their rows."""
    n = len(representations[0].matrix)
    kept = [(r.u * r.s) @ r.vt for r in representations]
    sums = [x @ x.sum(axis=0) - np.sum(x**2, axis=1) for x in kept]  # rows of K without its diagonal
    products = np.zeros((len(kept), len(kept)))
    block = max(1, int(3e7 / (n * len(kept))))
    for begin in range(0, n, block):
        rows = slice(begin, min(begin + block, n))
        tiles = []
        for x, total in zip(kept, sums):
            k = x[rows] @ x.T
            k -= (total[rows, None] + total[None, :]) / (n - 2) - total.sum() / ((n - 1) * (n - 2))
            k[np.arange(k.shape[0]), np.arange(begin, rows.stop)] = 0
            tiles.append(k.ravel())
        stack = np.array(tiles)
        products += stack @ stack.T
    return products


def pair_scores(x, y, variance=0.99, components=None):
    """Core measures of row x and column y, apart from debiased CKA."""
    rho = canonical_correlations(x, y)
    kx, ky = x.components(variance, components), y.components(variance, components)
    cross = (x.s[:, None] * (x.u.T @ y.u)) * y.s
    nuclear = np.linalg.svd(cross, compute_uv=False).sum() / np.sqrt(np.sum(x.s**2) * np.sum(y.s**2))
    return {
        "cca": rho.mean(),
        "cca_r2": np.mean(rho**2),
        "svcca": np.clip(np.linalg.svd(x.u[:, :kx].T @ y.u[:, :ky], compute_uv=False), 0, 1).mean(),
        "pwcca": pwcca(x, y),
        "cka": np.sum(cross**2) / np.sqrt(np.sum(x.s**4) * np.sum(y.s**4)),
        "procrustes": nuclear,
        "procrustes_angle": np.arccos(min(nuclear, 1.0)),
        "regression": np.sum(((x.u.T @ y.u) * y.s) ** 2) / np.sum(y.s**2),
    }


# ---- chance levels -----------------------------------------------------------------------------------------------

def wachter(freedom, rx, ry):
    """(mean canonical correlation, edge) of independent data, by numerical integration of Wachter's density."""
    a, b = sorted((rx / freedom, ry / freedom))
    low, high = (np.sqrt(a * (1 - b)) - np.sqrt(b * (1 - a))) ** 2, (np.sqrt(a * (1 - b)) + np.sqrt(b * (1 - a))) ** 2
    forced = max(0.0, (a + b - 1) / a)
    middle, half = (low + high) / 2, (high - low) / 2

    def integrand(angle):  # l = middle + half cos(angle) removes the square-root ends
        value = middle + half * np.cos(angle)
        return (half * np.sin(angle)) ** 2 / (2 * np.pi * a * np.sqrt(value) * (1 - value))

    bulk = integrate.quad(integrand, 0, np.pi, epsabs=1e-13, epsrel=1e-12, limit=400)[0] if half > 0 else 0.0
    return bulk + forced, 1.0 if forced > 0 else np.sqrt(high)


def chance(x, y):
    """name -> mean when the rows of one side are relabelled at random, and standard deviation under rotation."""
    rows, freedom = len(x.matrix), len(x.matrix) - 1
    tk, tl, kk, ll = np.sum(x.s**2), np.sum(y.s**2), np.sum(x.s**4), np.sum(y.s**4)
    a, b = x.rank, y.rank

    def rotation(squared_x, trace_x, squared_y, trace_y):
        product = max(squared_x - trace_x**2 / freedom, 0) * max(squared_y - trace_y**2 / freedom, 0)
        return 2 * product / ((freedom - 1) * (freedom + 2))

    levels = {
        "cka": (tk * tl / (freedom * np.sqrt(kk * ll)), np.sqrt(rotation(kk, tk, ll, tl) / (kk * ll))),
        "cca_r2": (max(a, b) / freedom, np.sqrt(rotation(a, a, b, b)) / min(a, b)),
        "regression": (a / freedom, np.sqrt(rotation(a, a, ll, tl)) / tl),
    }
    if rows > 3:
        levels["cka_debiased"] = (0, np.sqrt(2 / (rows * (rows - 3))))
    return levels


# ---- everything --------------------------------------------------------------------------------------------------

def comparable(x, y):
    return x.inputs_id == y.inputs_id and len(x.matrix) == len(y.matrix) and x.rows_per_sample == y.rows_per_sample


def all_pairs(representations, variance=0.99, components=None, relative_tolerance=None):
    """name -> matrix (row, column) of every core measure, its chance level, and the number of real correlations."""
    for r in representations:
        r.factor(relative_tolerance)
    count = len(representations)
    names = list(MEASURES) + [f"{m}_{kind}" for m in WITH_CHANCE for kind in ("null", "z")]
    out = {name: np.full((count, count), np.nan) for name in names + ["cca_null", "cca_above_edge"]}
    deviations = {name: np.full((count, count), np.nan) for name in WITH_CHANCE}
    for i, x in enumerate(representations):
        for j, y in enumerate(representations):
            if not comparable(x, y) or x.rank == 0 or y.rank == 0:
                continue
            for name, value in pair_scores(x, y, variance, components).items():
                out[name][i, j] = value
            if i == j:  # a representation is never independent of itself
                continue
            out["cca_null"][i, j], edge = wachter(len(x.matrix) - 1, x.rank, y.rank)
            out["cca_above_edge"][i, j] = np.sum(canonical_correlations(x, y) > edge)
            for name, (mean, deviation) in chance(x, y).items():
                out[f"{name}_null"][i, j] = mean
                if deviation > 0:
                    deviations[name][i, j] = deviation
    groups = {}
    for i, r in enumerate(representations):
        if r.rank > 0 and len(r.matrix) >= 4:
            groups.setdefault((r.inputs_id, len(r.matrix), r.rows_per_sample), []).append(i)
    for group in groups.values():
        products = u_centred_products([representations[i] for i in group])
        norms = np.sqrt(np.diag(products))
        out["cka_debiased"][np.ix_(group, group)] = products / norms[:, None] / norms[None, :]
    for name, deviation in deviations.items():
        out[f"{name}_z"] = (out[name] - out[f"{name}_null"]) / deviation
    return out
