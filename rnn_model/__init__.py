"""Unrolled: recurrent networks that read a sequence and say what comes next.

>>> from rnn_model import load, forecast
>>> model = load("weights/forecast")
>>> forecast(model, "112 118 132 129 121 135 148 148 136 119", horizon=3).median.shape
(3,)
"""

from rnn_model.backtest import backtest
from rnn_model.calibration import calibrate
from rnn_model.checkpoint import Model, load
from rnn_model.classifier import classify, classify_many
from rnn_model.errors import CheckpointError, ConfigError, InputError, TrainingError, UnrolledError
from rnn_model.explain import explain
from rnn_model.forecaster import forecast, forecast_many
from rnn_model.frames import backtest_frame, forecast_frame, quantile_frame
from rnn_model.reading import read

__all__ = [
    "CheckpointError",
    "ConfigError",
    "InputError",
    "Model",
    "TrainingError",
    "UnrolledError",
    "backtest",
    "backtest_frame",
    "calibrate",
    "classify",
    "classify_many",
    "explain",
    "forecast",
    "forecast_frame",
    "forecast_many",
    "load",
    "quantile_frame",
    "read",
]
