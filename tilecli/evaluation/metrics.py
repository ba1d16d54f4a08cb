"""The one definition of every reported figure. NumPy only; opens no file.

Most figures are ratios of sums over photos. They are written down once, as numerators and denominators per photo, and
used twice: with every photo counted once for the figure, and with resampled tiles for its interval
(`tilecli.evaluation.bootstrap`). A figure whose denominator is 0 is undefined: None, `null` in JSON.

Symbols: T true and P predicted defect pixels of a photo, N its pixels, I = |T∩P|.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tilecli import histogram
from tilecli.evaluation import by_type
from tilecli.evaluation.records import Record
from tilecli.evaluation.reliability import calibration_error
from tilecli.histogram import Float64, Int64

Ratio = tuple[Float64, Float64]

LOWER_IS_BETTER = frozenset(
    {"false_alarm_rate", "miss_rate", "uncertain_good_rate", "uncertain_defect_rate"}
)  # of the figures of `figures`; all others are better when high


def _columns(records: Sequence[Record], value: Callable[[Record], float]) -> Float64:
    return np.asarray([value(record) for record in records], np.float64)


def ratios(records: Sequence[Record]) -> dict[str, Ratio]:
    """Numerator and denominator per photo of every figure that is a ratio of sums.

    Pooled over the pixels of all photos, as in the reference project (fastai's `Dice` and `JaccardCoeff`, which add up
    I, P and T before they divide):
    - dice_mean: Σ2I / Σ(P + T) (Dice 1945, Sørensen 1948)
    - jacc_mean: ΣI / Σ(P + T − I) (Jaccard 1912)
    - foreground_acc: ΣI / ΣT, the share of defect pixels found (fastai's `foreground_acc`)
    - dice_defects: dice_mean over the photos of a defect type alone, comparable with sets that have no good photos
    Means over photos:
    - acc_mean: mean of (N − wrong pixels) / N over all photos
    - dice_photo: mean of 2I / (P + T) over the photos of a defect type. Empty-mask rule: 1 where truth and prediction
      are both empty, 0 where one is. Good photos are left out, because on them it is 1 or 0 and says what
      false_alarm_rate says.
    Over photos and objects:
    - false_alarm_rate: good photos with the verdict "defect" / good photos
    - flagged_rate: photos of a defect type with the verdict "defect" / photos of a defect type
    - miss_rate: photos of a defect type with the verdict "good" / photos of a defect type
    - uncertain_good_rate, uncertain_defect_rate: good photos, and photos of a defect type, with the verdict "uncertain"
    - defect_recall: true objects found at the wanted IoU / true objects (see `objects.match`)
    - defect_touched: true objects of which at least one pixel was predicted / true objects
    """
    inter = _columns(records, lambda r: r.intersection_px)
    both = _columns(records, lambda r: r.predicted_px + r.true_px)
    true = _columns(records, lambda r: r.true_px)
    bad = _columns(records, lambda r: not r.is_good)
    flagged = _columns(records, lambda r: r.verdict == "defect")
    missed = _columns(records, lambda r: r.verdict == "good")
    unsure = _columns(records, lambda r: r.verdict == "uncertain")
    objects = _columns(records, lambda r: r.defects)
    one = np.ones(len(records))
    return {
        "dice_mean": (2 * inter, both),
        "jacc_mean": (inter, both - inter),
        "acc_mean": (_columns(records, lambda r: r.accuracy), one),
        "foreground_acc": (inter, true),
        "dice_photo": (_columns(records, lambda r: r.dice) * bad, bad),
        "dice_defects": (2 * inter * bad, both * bad),
        "false_alarm_rate": (flagged * (1 - bad), 1 - bad),
        "flagged_rate": (flagged * bad, bad),
        "miss_rate": (missed * bad, bad),
        "uncertain_good_rate": (unsure * (1 - bad), 1 - bad),
        "uncertain_defect_rate": (unsure * bad, bad),
        "defect_recall": (_columns(records, lambda r: r.found), objects),
        "defect_touched": (_columns(records, lambda r: r.touched), objects),
    }


def ratio(pair: Ratio) -> float | None:
    """Σ numerator / Σ denominator; None where the denominator is 0."""
    below = float(pair[1].sum())
    return float(pair[0].sum()) / below if below else None


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float | None:
    """Area under the ROC curve: the chance that a random positive scores above a random negative, ties counting half.

    The rank statistic of Mann and Whitney (1947); Hanley and McNeil (Radiology 1982) for the identity. `weights` count
    each item that many times. None where one class is missing.
    """
    values = np.asarray(scores, np.float64)
    is_positive = np.asarray(positive, bool)
    counts = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
    positives = np.where(is_positive, counts, 0.0)
    negatives = counts - positives
    total = positives.sum() * negatives.sum()
    if not total:
        return None
    _, group = np.unique(values, return_inverse=True)
    above = np.bincount(group, positives)
    below = np.bincount(group, negatives)
    wins = float(np.sum(above * (np.cumsum(below) - below + 0.5 * below)))
    return wins / float(total)


def figures(records: Sequence[Record]) -> dict[str, float | None]:
    """Every figure that the records alone give: the ratios and the image-level AUROC, defective against good.

    And miou, see `by_type.miou`, where types are told apart.
    """
    found = {name: ratio(pair) for name, pair in ratios(records).items()}
    found["auroc"] = auroc([r.score for r in records], [not r.is_good for r in records])
    return found | ({"miou": by_type.miou(records)} if by_type.is_typed(records) else {})


def per_defect(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """The figures of each type's photos alone, `good` last; `auroc` is that type's photos against all good ones.

    `dice` and `jacc` are pooled over the type's pixels, `recall` and `touched` over its objects. On good photos only
    what does not need a defect is defined.
    """
    good = [record for record in records if record.is_good]
    types = sorted({record.defect for record in records if not record.is_good})
    table: dict[str, dict[str, Any]] = {}
    for name in types:
        own = [record for record in records if record.defect == name]
        seen = figures(own + good)
        alone = figures(own)
        table[name] = {
            "photos": len(own),
            "tiles": len({record.tile for record in own}),
            "defects": sum(record.defects for record in own),
            "dice": alone["dice_mean"],
            "jacc": alone["jacc_mean"],
            "acc": alone["acc_mean"],
            "foreground_acc": alone["foreground_acc"],
            "dice_photo": alone["dice_photo"],
            "recall": alone["defect_recall"],
            "touched": alone["defect_touched"],
            "flagged_rate": alone["flagged_rate"],
            "miss_rate": alone["miss_rate"],
            "auroc": seen["auroc"],
        }
    if good:
        alone = figures(good)
        table[good[0].defect] = {
            "photos": len(good),
            "tiles": len({record.tile for record in good}),
            "acc": alone["acc_mean"],
            "false_alarm_rate": alone["false_alarm_rate"],
        }
    return table


def summary(records: Sequence[Record], counts: Int64) -> dict[str, Any]:
    """All figures without intervals. `counts`: 2×BINS pixels of all photos, see `histogram.count`.

    pixel_ap is the average precision of pixels over all thresholds, to the resolution of the histogram; ece their
    expected calibration error, see `reliability.calibration_error`.
    """
    found = figures(records)
    return {
        **{name: found[name] for name in ("dice_mean", "jacc_mean", "acc_mean", "foreground_acc")},
        **{name: found[name] for name in ("dice_photo", "dice_defects", "auroc")},
        "pixel_ap": histogram.average_precision(counts),
        "ece": calibration_error(counts),
        **{name: found[name] for name in ("false_alarm_rate", "flagged_rate", "miss_rate")},
        **{name: found[name] for name in ("uncertain_good_rate", "uncertain_defect_rate")},
        **{name: found[name] for name in ("defect_recall", "defect_touched")},
        "photos": len(records),
        "tiles": len({record.tile for record in records}),
        "defects": sum(record.defects for record in records),
        **by_type.summary(records),
        "per_defect": per_defect(records),
    }
