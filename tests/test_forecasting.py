"""Validation is relative to the untrained network, and calibration makes bands hold what they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnn_model.config import CellConfig, ForecastConfig
from rnn_model.encode import feature_counts
from rnn_model.network import ForecastNetwork
from training.benchmarks import BenchmarkSet
from training.forecasting import SHRINKAGES, Validation, calibrated, configured, shrunk, unbound, uniformly

CELL = CellConfig(hidden_size=4)
CONFIG = ForecastConfig(encoder=CELL, decoder=CELL)


@pytest.fixture
def validation() -> Validation:
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(150, 48)).cumsum(1)
    part = BenchmarkSet("walks", 1, 8, tuple(walks[:, :40]), tuple(walks[:, 40:]), "made here", "none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.forecasting.SYNTHETIC_BATCHES", 2)
        return Validation((part,), CONFIG)


@pytest.fixture
def network() -> ForecastNetwork:
    torch.manual_seed(0)
    return ForecastNetwork(*feature_counts(CONFIG), CONFIG)


def test_an_untrained_network_scores_one(validation: Validation, network: ForecastNetwork) -> None:
    assert validation(network) == pytest.approx(1.0)
    assert set(validation.relative(network)) == {"synthetic", "walks"}


def test_the_classical_forecast_is_not_widened_by_what_a_network_needs() -> None:
    walks = np.random.default_rng(0).normal(size=(20, 48)).cumsum(1)
    part = BenchmarkSet("walks", 1, 8, tuple(walks[:, :40]), tuple(walks[:, 40:]), "made here", "none")
    wide = replace(CONFIG, widening=1.5, widening_high_frequency=0.7)
    plain, widened = (Validation((part,), config, synthetic=False) for config in (CONFIG, wide))
    assert widened.classical == plain.classical


def test_a_biased_network_scores_worse(validation: Validation, network: ForecastNetwork) -> None:
    with torch.no_grad():
        network.head.bias[0] += 2.0
    assert validation(network) > 1.2


@pytest.mark.parametrize("planted", [0.6, 1.0, 1.6])
def test_calibration_undoes_bands_that_are_too_narrow_or_too_wide(
    validation: Validation, network: ForecastNetwork, planted: float
) -> None:
    with torch.no_grad():  # softplus(b) is the gap: scale the gaps by what is planted
        gaps = torch.nn.functional.softplus(network.head.bias[1:]) * planted
        network.head.bias[1:] = torch.expm1(gaps).log()
    found = calibrated(network, CONFIG, validation)
    assert validation.coverage(configured(network, found)) == pytest.approx(0.8, abs=0.02)
    assert replace(found, widening=1.0, widening_high_frequency=None) == CONFIG


def test_each_frequency_has_a_widening_of_its_own(validation: Validation, network: ForecastNetwork) -> None:
    """Steady years, and days whose noise is twice as large in the future as it was in the past."""
    rng = np.random.default_rng(1)
    days = rng.normal(size=(120, 49)) + np.resize([3.0, 1, 0, 0, -1, -1, -2], 49)
    days[:, 42:] += 2 * rng.normal(size=(120, 7))
    wild = BenchmarkSet("days", 7, 7, tuple(days[:, :42]), tuple(days[:, 42:]), "made here", "none")
    both = Validation((wild,), CONFIG, synthetic=False)
    both.parts["walks"] = validation.parts["walks"]
    found = calibrated(network, CONFIG, both)
    assert found.widening_high_frequency > 1.5 * found.widening
    alone = calibrated(network, CONFIG, validation)
    assert alone.widening == alone.widening_high_frequency == pytest.approx(found.widening, abs=0.02)
    for high_frequency in (False, True):
        assert both.coverage(configured(network, found), high_frequency) == pytest.approx(0.8, abs=0.02)


@pytest.fixture
def learnt(network: ForecastNetwork) -> ForecastNetwork:
    """With weights that differ from step to step and a median that is moved."""
    with torch.no_grad():
        for layer in (network.weigh, network.head):
            layer.weight.normal_(0, 0.3)
        network.weigh.bias.normal_()
        network.head.bias[0] = 0.7
    return network.eval()


@torch.inference_mode()
def test_nothing_kept_is_the_classical_median_with_the_bands_that_were_learnt(
    validation: Validation, learnt: ForecastNetwork
) -> None:
    inputs = validation.parts["walks"][0].inputs
    whole, _ = learnt(inputs)
    none, _ = configured(learnt, uniformly(CONFIG, 0.0))(inputs)
    same, _ = configured(learnt, uniformly(CONFIG, 1.0))(inputs)
    middle = len(CONFIG.levels) // 2
    torch.testing.assert_close(none[..., middle], inputs.centre)
    torch.testing.assert_close(none - none[..., [middle]], whole - whole[..., [middle]], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(same, whole)
    assert (whole[..., middle] - inputs.centre).abs().max() > 0.1, "there was something to shrink"


def test_as_much_is_kept_as_scores_best(validation: Validation, learnt: ForecastNetwork) -> None:
    del validation.parts["synthetic"]
    losses = {factor: validation(configured(learnt, uniformly(CONFIG, factor))) for factor in SHRINKAGES}
    kept = shrunk(learnt, CONFIG, validation).shrinkage
    assert losses[kept] == min(losses.values())
    assert kept < 1.0, "corrections of random walks are worth little"
    _foretell(learnt, validation, "walks")
    assert shrunk(learnt, CONFIG, validation).shrinkage == 1.0


def test_each_frequency_keeps_a_share_of_its_own(validation: Validation, learnt: ForecastNetwork) -> None:
    """Days end where the network would move their median to, walks do not."""
    rng = np.random.default_rng(1)
    days = rng.normal(size=(60, 49)) + np.resize([3.0, 1, 0, 0, -1, -1, -2], 49)
    foretold = BenchmarkSet("days", 7, 7, tuple(days[:, :42]), tuple(days[:, 42:]), "made here", "none")
    both = Validation((foretold,), CONFIG, synthetic=False)
    _foretell(learnt, both, "days")
    assert shrunk(learnt, CONFIG, both).shrinkage == 1.0, "of the frequency that there is"
    both.parts["walks"] = validation.parts["walks"]
    both.classical["walks"] = validation.classical["walks"]
    assert set(both.by_frequency(learnt)) == {False, True}
    found = shrunk(learnt, CONFIG, both)
    assert found.shrinkage < found.shrinkage_high_frequency == 1.0
    whole, _ = learnt(both.parts["days"][0].inputs)
    same, _ = configured(learnt, found)(both.parts["days"][0].inputs)
    torch.testing.assert_close(same, whole)


@torch.inference_mode()
def test_what_is_unbound_forecasts_the_same_at_its_frequency(validation: Validation, learnt: ForecastNetwork) -> None:
    inputs = validation.parts["walks"][0].inputs
    bound = replace(CONFIG, shrinkage=0.25, shrinkage_high_frequency=0.75, widening=1.3)
    network = configured(learnt, bound)
    for often in (False, True):
        asked = inputs._replace(high_frequency=torch.full_like(inputs.high_frequency, often))
        free, copy = unbound(network, bound, often)
        assert (free.shrinkage, free.shrinkage_high_frequency, free.widening) == (1.0, None, 1.3)
        torch.testing.assert_close(copy.quantiles(asked), network.quantiles(asked))
    torch.testing.assert_close(network.quantiles(inputs), configured(learnt, bound).quantiles(inputs))


def _foretell(learnt: ForecastNetwork, validation: Validation, part: str) -> None:
    """The truth of a part becomes where the network would move the median to."""
    with torch.no_grad():
        for batch in validation.parts[part]:
            quantiles, _ = learnt(batch.inputs)
            batch.targets.copy_(quantiles[..., len(CONFIG.levels) // 2])


def test_coverage_of_a_wider_band_is_larger(validation: Validation, network: ForecastNetwork) -> None:
    shares = [validation.coverage(configured(network, replace(CONFIG, widening=factor))) for factor in (0.5, 1.0, 2.0)]
    assert shares[0] < shares[1] < shares[2]
