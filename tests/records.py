"""Records of an evaluation, without a photo or a model behind them."""

from __future__ import annotations

from tilecli.evaluation.records import Record


def perfect_answer(photo: str, tile: str, defect: str, true_px: int, *, pixels: int = 10_000) -> Record:
    """What is recorded of a photo of `pixels` whose one defect of `true_px`, if there is one, is found as it is."""
    bad = true_px > 0
    return Record(
        photo=photo,
        tile=tile,
        defect=defect,
        intersection_px=true_px,
        predicted_px=true_px,
        true_px=true_px,
        pixels=pixels,
        score=0.9 if bad else 0.1,
        verdict="defect" if bad else "good",
        defects=int(bad),
        found=int(bad),
        touched=int(bad),
        ms=1.0,
    )
