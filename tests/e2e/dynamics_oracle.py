"""The two-point theory in SciPy: the equations as they are written, a stiff solver, a grid and a minimiser."""
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize


def derivative(_, state, a, b, target):
    """dh/dt, dy/dt, dw/dt for a = eta_h X, b = eta_y and Y = target."""
    h, y, w = state
    return [-a * w, -w * (b * h + a * y / h), -.5 * b * h * (3 * w - y + target) - .5 * a * (y + w) * w / h]


def solve(start, a, b, target, times):
    """States (3, times); NaN where the solver gives up."""
    with np.errstate(all="ignore"):
        try:
            solution = solve_ivp(derivative, (times[0], times[-1]), start, method="LSODA", t_eval=times,
                                 args=(a, b, target), rtol=1e-8, atol=1e-10)
        except ValueError:
            return np.full((3, len(times)), np.nan)
    return solution.y if solution.y.shape[1] == len(times) else np.full((3, len(times)), np.nan)


def fit(times, h, y, w, target, grid=np.logspace(-6, 2, 100)):
    """eta_h X, eta_y and the sum of squared errors of the best fit: the rich limit's ratio on a grid of eta_y, then
    Nelder-Mead in log rates."""
    measured = np.array([h, y, w])

    def error(log_rates):
        a, b = np.exp(log_rates)
        value = ((solve(measured[:, 0], a, b, target, times) - measured) ** 2).sum()
        return value if np.isfinite(value) else 1e300

    ratio = h[-1] ** 2 / target
    start = min((np.log([ratio * b, b]) for b in grid), key=error)
    best = minimize(error, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12, "maxiter": 400})
    return (*np.exp(best.x), best.fun)


def measure(hidden, output, targets, a, b):
    """h, y, w and the loss of the pair over steps, from arrays (step, input, unit)."""
    h = ((hidden[:, b] - hidden[:, a]) ** 2).sum(axis=1)
    difference = output[:, b] - output[:, a]
    y = (difference ** 2).sum(axis=1)
    w = y - difference @ (targets[b] - targets[a])
    loss = .25 * (((output[:, a] - targets[a]) ** 2).sum(axis=1) + ((output[:, b] - targets[b]) ** 2).sum(axis=1))
    return h, y, w, loss
