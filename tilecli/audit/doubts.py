"""Test photos whose label the trained model disputes most, by the loss that `tiles eval` wrote down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from tilecli.audit.finding import Finding
from tilecli.audit.outliers import robust
from tilecli.evaluation.records import Record
from tilecli.layout import GOOD

_FAR = 3.0  # robust standard deviations of the logarithm
_LEAST_GROUP = 8  # photos; among fewer nothing is unusual
_LEAST_LOSS = 0.02  # nats per pixel; a model that is right about nearly every pixel disputes nothing


def find_doubts(records: Sequence[Record], known: Collection[str]) -> Iterator[Finding]:
    """Findings of the kind loss, among photos that are `known` to the dataset.

    Compared are good photos with good ones, defects with defects: large defects have larger losses.
    """
    groups: dict[bool, list[Record]] = defaultdict(list)
    for record in records:
        if record.loss is not None and record.photo in known:
            groups[record.defect == GOOD].append(record)
    for good, group in groups.items():
        if len(group) < _LEAST_GROUP:
            continue
        logs = np.log([max(record.loss or 0.0, 1e-9) for record in group])
        middle, sigma = robust(logs)
        for record, value in zip(group, logs, strict=True):
            loss = record.loss or 0.0
            if loss >= _LEAST_LOSS and value > middle + _FAR * max(sigma, 0.1):
                what = f"{record.predicted_px:,} px found, {record.true_px:,} px in the mask"
                usual = f"{np.exp(value - middle):.0f} times the median of {'good' if good else 'defective'} photos"
                why = f"{record.defect}: loss {loss:.3f}, {usual}; {what}, Dice {record.dice:.2f}."
                yield Finding("loss", record.photo, why, weight=loss, picture=record.picture)
