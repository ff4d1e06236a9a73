"""The kernel and neighbour measures straight from their formulas, with whole n x n matrices in double precision."""
import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

KERNEL = ("cka_rbf", "cka_rbf_debiased", "cka_minibatch", "rsa_pearson", "rsa_spearman", "distance_correlation",
          "distance_correlation_unbiased")
NEIGHBOURS = ("knn_mutual", "knn_jaccard", "knn_cycle", "knn_lcs", "cknna")


def doubly_centred(k):
    return k - k.mean(0) - k.mean(1)[:, None] + k.mean()


def u_centred(k):
    k = k.copy()
    np.fill_diagonal(k, 0)
    n, rows = len(k), k.sum(0)
    k = k - (rows[:, None] + rows[None, :]) / (n - 2) + rows.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(k, 0)
    return k


def cosine(a, b):
    return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))


def kernel_features(x, metric="euclidean", bandwidth=1.0, batch=256):
    """One array per measure; most measures are their cosine."""
    x = np.asarray(x, float)
    distances = pdist(x)
    d = squareform(distances)
    rbf = np.exp(-d**2 / (2 * (bandwidth * np.median(distances))**2))
    centred = x - x.mean(0)
    linear = centred @ centred.T
    chosen = pdist(x, metric)
    batches = [u_centred(linear[b:b + batch, b:b + batch]).ravel() / np.sqrt(m * (m - 3))
               for b in range(0, len(x), batch) if (m := min(batch, len(x) - b)) >= 4]
    return {"cka": doubly_centred(linear), "cka_debiased": u_centred(linear), "cka_rbf": doubly_centred(rbf),
            "cka_rbf_debiased": u_centred(rbf), "cka_minibatch": np.concatenate(batches),
            "rsa_pearson": chosen - chosen.mean(), "rsa_spearman": rankdata(chosen),
            "distance_correlation": doubly_centred(d), "distance_correlation_unbiased": u_centred(d)}


def whole_kernel(name, x, metric="euclidean", bandwidth=1.0):
    """The kernel of a measure before it is centred. Widths and ranks stay as they are when samples are left out."""
    distances = pdist(np.asarray(x, float))
    if name.startswith("cka_rbf"):
        return np.exp(-squareform(distances)**2 / (2 * (bandwidth * np.median(distances))**2))
    if name.startswith("distance_correlation"):
        return squareform(distances)
    chosen = pdist(np.asarray(x, float), metric)
    return squareform(rankdata(np.round(chosen, 11)) if name == "rsa_spearman" else chosen)


def centred_kernel(name, kernel):
    """What most measures are the cosine of."""
    if name.startswith("rsa_"):
        above = kernel[np.triu_indices(len(kernel), 1)]
        return above - above.mean()
    return u_centred(kernel) if name in ("cka_rbf_debiased", "distance_correlation_unbiased") else doubly_centred(kernel)


def kernel_score(name, a, b):
    if name == "rsa_spearman":  # rho-a
        n = len(a)
        return 12 * np.sum(a * b) / (n**3 - n) - 3 * (n + 1) / (n - 1)
    value = cosine(a, b)
    return np.sqrt(value) if name == "distance_correlation" else value


def prepared_rows(x, metric):
    x = np.asarray(x, float)
    if metric == "euclidean":
        return x - x.mean(0)
    if metric == "platonic":
        limit = np.quantile(np.abs(x), 0.95, axis=1).mean()
        x = np.clip(x, -limit, limit)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(norms == 0, 1, norms)


def neighbours(x, k, metric="cosine"):
    """(lists, kernel): the k nearest others of each row, ties to the smaller number; inner products."""
    rows = prepared_rows(x, metric)
    kernel = rows @ rows.T
    nearness = -squareform(pdist(rows))**2 if metric == "euclidean" else kernel.copy()
    np.fill_diagonal(nearness, -np.inf)
    return np.argsort(-np.round(nearness, 11), axis=1, kind="stable")[:, :k], kernel


def _common_subsequence(a, b):
    lengths = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, u in enumerate(a):
        for j, v in enumerate(b):
            lengths[i + 1, j + 1] = lengths[i, j] + 1 if u == v else max(lengths[i, j + 1], lengths[i + 1, j])
    return lengths[-1, -1]


def _hsic(k, l):
    n = len(k)
    return np.sum(k * l.T) + k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 * (k.sum(0) @ l.sum(1)) / (n - 2)


def neighbour_score(name, x, y):
    (a, kernel_a), (b, kernel_b) = x, y
    n, k = a.shape
    common = np.array([len(set(u) & set(v)) for u, v in zip(a, b)])
    if name == "knn_mutual":
        return common.mean() / k
    if name == "knn_jaccard":
        return np.mean(common / (2 * k - common))
    if name == "knn_cycle":
        return np.mean([any(i in a[j] for j in b[i]) for i in range(n)])
    if name == "knn_lcs":
        return np.mean([_common_subsequence(u, v) for u, v in zip(a, b)]) / k

    def mask(*lists):
        result = np.ones((n, n), bool)
        for nearest in lists:
            one = np.zeros((n, n), bool)
            np.put_along_axis(one, nearest, True, axis=1)
            result &= one
        return result

    shared, own_a, own_b = mask(a, b), mask(a), mask(b)
    return _hsic(kernel_a * shared, kernel_b * shared) / np.sqrt(
        _hsic(kernel_a * own_a, kernel_a * own_a) * _hsic(kernel_b * own_b, kernel_b * own_b))
