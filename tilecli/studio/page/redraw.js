// Drawing a place anew without taking the keyboard away from who is in it.

/** Replace what is in `place`; the element with the same data-focus as the one that had the keyboard gets it again. */
export function redraw(place, ...children) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
  place.replaceChildren(...children.flat(Infinity).filter(child => child !== null && child !== undefined));
  if (key) place.querySelector(`[data-focus="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}
