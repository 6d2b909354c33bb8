"""An autoregression with a prior, beside the filters of the bank: for oscillations that no calendar explains.

    d_t = c (y_{t-1} - mean) + a_1 d_{t-1} + ... + a_p d_{t-p} + e_t,    d_t = y_t - y_{t-1}

Coefficients have normal priors around zero, which is a random walk, narrower the longer the lag (Litterman's of
vector autoregressions, 1986), so the estimate is a ridge regression in closed form; a few widths of the prior are
averaged by evidence.  One-step errors of what was fitted to them flatter; dividing by the share of freedom that is left
makes them what generalised cross-validation expects of others (Golub, Heath & Wahba 1979).
"""

from __future__ import annotations

import torch
from torch import Tensor

LAGS = 12
WIDTHS = (0.2, 0.8, 4.0)  # of the prior of the first lag; that of lag j is j times as narrow
PULL = 0.2  # width of the prior of c
REMEMBERED = 96.0  # steps
LEAST_FREEDOM = 0.2
EXPLOSIVE, WITHIN = 1e3, 32  # growth of a unit in so many steps that is no forecast
REACH = 0.5  # how far a forecast may leave the range of the series, in multiples of that range


def autoregression(y: Tensor, seen: Tensor, horizon: int, least_variance: float) -> tuple[Tensor, Tensor, Tensor]:
    """Fits and forecasts.

    Args:
        y: (B, W) series without its season, carried forward over missing values.
        seen: (B, W) bool, what is read.
        horizon: K.
        least_variance: of the errors, added to the first estimate of it.

    Returns:
        forecasts (B, G, K), one-step errors (B, G, W) as of what was not fitted to, zero where there is none, and
        whether a forecast is a sensible one, (B, G) bool.
    """
    used = seen & (seen.cumsum(1) > 1)
    age = torch.arange(y.shape[1] - 1, -1, -1, dtype=y.dtype)
    weights = used * (-age / REMEMBERED).exp()
    mean = (y * seen).sum(1, keepdim=True) / seen.sum(1, keepdim=True).clamp(min=1)
    change = torch.diff(y, dim=1, prepend=y[:, :1]) * used
    lags = min(LAGS, max(y.shape[1] - 2, 1))
    padded = torch.nn.functional.pad(change, (lags, 0))
    away = torch.nn.functional.pad((y - mean) * seen, (1, 0))[:, :-1]
    past = padded.unfold(1, lags, 1)[:, : y.shape[1]].flip(2)  # (B, W, p): d_{t-1} ... d_{t-p}
    x = torch.cat((away[..., None], past), 2)

    weighted = (x * weights[..., None]).transpose(1, 2)
    variance = ((weights * change.square()).sum(1) + least_variance) / (weights.sum(1) + 1)
    gram = weighted @ x
    narrow = torch.arange(1, lags + 1, dtype=y.dtype)[None] / y.new_tensor(WIDTHS)[:, None]
    precision = torch.cat((torch.full_like(narrow[:, :1], 1 / PULL), narrow), 1).square()
    normal = gram[:, None] + (variance[:, None, None] * precision)[..., None] * torch.eye(lags + 1)
    factor = torch.linalg.cholesky(normal)
    inverse = torch.cholesky_inverse(factor)  # (B, G, p + 1, p + 1)
    coefficients = inverse @ (weighted @ change[..., None])[:, None]  # (B, G, p + 1, 1)
    spent = (inverse * gram[:, None]).sum((2, 3)) / weights.sum(1, keepdim=True).clamp(min=1)
    fitted = (x @ coefficients[..., 0].transpose(1, 2)).transpose(1, 2)
    errors = (change[:, None] - fitted) * used[:, None] / (1 - spent).clamp(min=LEAST_FREEDOM)[..., None]

    now = torch.cat((y[:, -1:] - mean, padded[:, -lags:].flip(1)), 1)  # (B, p + 1)
    ahead, tame = _walked(coefficients[..., 0], now, horizon)
    within = torch.where(seen, y, mean)[:, None]
    low, high = within.amin(2, keepdim=True), within.amax(2, keepdim=True)
    reach = REACH * (high - low)
    return torch.minimum(torch.maximum(mean[..., None] + ahead, low - reach), high + reach), errors, tame


def _walked(coefficients: Tensor, now: Tensor, horizon: int) -> tuple[Tensor, Tensor]:
    """Where the recursion goes, (B, G, K) from the mean, and where it does not explode, (B, G) bool.

    The state (y - mean, d_t, ..., d_{t-p+1}) is multiplied by a matrix at each step; its powers are squares of squares.

    Args:
        coefficients: (B, G, p + 1).
        now: (B, p + 1), the state after the last step.
        horizon: K.
    """
    size = coefficients.shape[2]
    shift = torch.zeros(size, size)
    shift[0, 0] = 1.0
    shift[range(2, size), range(1, size - 1)] = 1.0
    first_two = torch.zeros(size, 1)
    first_two[:2] = 1.0
    power = shift + first_two * coefficients[..., None, :]  # level and change both move by the new change
    rows = power[..., :1, :]
    while rows.shape[2] < max(horizon, WITHIN):
        rows = torch.cat((rows, rows @ power), 2)
        power = (power @ power).clamp(-EXPLOSIVE, EXPLOSIVE)
    tame = rows[..., :WITHIN, :].abs().amax((2, 3)) < EXPLOSIVE
    return (rows[..., :horizon, :] @ now[:, None, :, None])[..., 0], tame
