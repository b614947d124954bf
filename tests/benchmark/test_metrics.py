import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.benchmark.metrics import auc, auc_interval, cllr, tpr_at_fpr


def test_auc_is_the_field_s(rng: np.random.Generator) -> None:
    fake, real = rng.normal(1, 1, 40).round(1), rng.normal(0, 1, 60).round(1)
    labels = np.r_[np.ones(40), np.zeros(60)]
    assert auc(fake, real) == pytest.approx(roc_auc_score(labels, np.r_[fake, real]))
    low, high = auc_interval(fake, real)
    assert low < auc(fake, real) < high


def test_the_threshold_flags_no_more_than_allowed() -> None:
    real = np.arange(100.0)
    fake = np.array([98.5, 99.5, 94.5, 10.0])
    assert tpr_at_fpr(fake, real, 0.01) == 0.5
    assert tpr_at_fpr(fake, real, 0.05) == 0.75
    assert tpr_at_fpr(fake, real[:10], 0.01) == 1.0


def test_cllr_of_known_ratios() -> None:
    assert cllr(np.zeros(5), np.zeros(7)) == pytest.approx(1.0)
    assert cllr(np.full(5, 9.0), np.full(5, -9.0)) < 1e-6
    assert cllr(np.full(5, -1.0), np.full(5, 1.0)) > 3
