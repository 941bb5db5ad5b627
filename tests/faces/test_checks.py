"""What is refused, by every figure that is made of pairs."""

import numpy as np
import pytest

from nnscratch.faces import metrics
from nnscratch.faces.calibration import Calibration
from nnscratch.faces.checks import CollapsedError


@pytest.mark.parametrize(
    "figure",
    [metrics.roc, metrics.auc, metrics.eer, metrics.best_threshold]
    + [lambda d, s: metrics.tar_at_far(d, s, 0.1), lambda d, s: Calibration.fit(d, s, 0.1)],
)
def test_wrong_pairs_are_refused(figure):
    with pytest.raises(ValueError, match="finite distances, got NaN or infinity in 1 of 3"):
        figure([0.1, np.nan, 0.3], [1, 0, 1])
    with pytest.raises(ValueError, match="finite distances"):
        figure([0.1, np.inf, 0.3], [1, 0, 1])
    with pytest.raises(ValueError, match="of the same and of different people, got 3 and 0"):
        figure([0.1, 0.2, 0.3], [1, 1, 1])
    with pytest.raises(ValueError, match="got 0 and 0"):
        figure([], [])
    with pytest.raises(
        ValueError, match=r"distances \(P,\) and same \(P,\), got \(3,\) and \(2,\)"
    ):
        figure([0.1, 0.2, 0.3], [1, 0])
    with pytest.raises(ValueError, match="same to be 0 or 1"):
        figure([0.1, 0.2, 0.3], [1, 0, 2])
    with pytest.raises(CollapsedError, match="all 4 distances are 0: the encoding has collapsed"):
        figure([0.0, 0, 0, 0], [1, 0, 1, 0])
