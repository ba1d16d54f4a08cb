"""Test photos whose label the trained model disputes most, by the loss that `tiles eval` wrote down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tilecli.audit.finding import Finding
from tilecli.audit.outliers import robust
from tilecli.evaluation.records import Record
from tilecli.layout import GOOD

_FAR = 3.0  # robust standard deviations of the logarithm
_LEAST_GROUP = 8  # photos; among fewer nothing is unusual
_LEAST_LOSS = 0.02  # nats per pixel; a model that is right about nearly every pixel disputes nothing


def find_doubts(records: Sequence[Record], known: Collection[str]) -> Iterator[Finding]:
    """Findings of the kind loss, among photos that are `known` to the dataset.

    A photo is compared with those of its type, since large defects have larger losses; where these are too few, with
    all that show a defect.
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.loss is not None and record.photo in known:
            groups[record.defect].append(record)
    defective = [record for kind, group in groups.items() if kind != GOOD for record in group]
    for kind, group in groups.items():
        few = len(group) < _LEAST_GROUP
        compared = defective if few and kind != GOOD else group
        if len(compared) < _LEAST_GROUP:
            continue
        middle, sigma = robust(_logs(compared))
        among = "defective" if compared is defective else kind
        for record, value in zip(group, _logs(group), strict=True):
            loss = record.loss or 0.0
            if loss >= _LEAST_LOSS and value > middle + _FAR * max(sigma, 0.1):
                what = f"{record.predicted_px:,} px found, {record.true_px:,} px in the mask"
                usual = f"{np.exp(value - middle):.0f} times the median of {among} test photos"
                why = f"{record.defect}: loss {loss:.3f}, {usual}; {what}, Dice {record.dice:.2f}."
                yield Finding("loss", record.photo, why, weight=loss, picture=record.picture)


def _logs(records: Sequence[Record]) -> npt.NDArray[np.float64]:
    return np.log([max(record.loss or 0.0, 1e-9) for record in records])
