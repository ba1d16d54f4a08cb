"""Findings about a mask and its photo by themselves: empty, where none should be, on nothing visible, with specks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tilecli.audit.finding import Finding
from tilecli.audit.look import Look
from tilecli.layout import GOOD

# Looked at on the real photos, none of whose masks stands out less than at 0.92 of the other places.
_LEAST_VISIBILITY = 0.85
# A speck is smaller than both: px, and share of the largest object of its photo.
_SPECK_PX, _SPECK_PART = 12, 0.02


def find_label_trouble(looks: Iterable[Look]) -> Iterator[Finding]:
    """Findings of the kinds empty-mask, marked-good, unseen and speck."""
    for look in looks:
        name, kind = look.photo.photo, look.photo.defect
        if kind != GOOD and not look.mask_px:
            yield Finding("empty-mask", name, f"The type is {kind}, and its mask marks no pixel.")
        if kind == GOOD and look.mask_px:
            box = max(look.objects, key=lambda one: one.area_px).box
            why = f"The type is good, and its mask marks {look.mask_px:,} px."
            yield Finding("marked-good", name, why, weight=look.mask_px, box=box)
        if look.visibility is not None and look.visibility < _LEAST_VISIBILITY:
            elsewhere = f"{100 * (1 - look.visibility):.0f} %"
            why = f"At {elsewhere} of other places on this photo the mask ({kind}) would stand out as much or more."
            yield Finding("unseen", name, why, weight=1 - look.visibility)
        yield from _specks(look)


def _specks(look: Look) -> Iterator[Finding]:
    largest = max((one.area_px for one in look.objects), default=0)
    specks = [one for one in look.objects if one.area_px < min(_SPECK_PX, _SPECK_PART * largest)]
    if specks:
        areas = ", ".join(f"{one.area_px} px at ({one.box[0]}, {one.box[1]})" for one in specks[:3])
        more = f" and {len(specks) - 3} more" if len(specks) > 3 else ""
        why = f"Beside {largest:,} px of {look.photo.defect} the mask marks {areas}{more}."
        yield Finding("speck", look.photo.photo, why, weight=len(specks), box=specks[0].box)
