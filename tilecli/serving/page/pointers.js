// Mouse, finger and pen on the stage, turned into the few things it can do.

const STILL = 4; // CSS px that a click may travel
const NOTCH = 100; // of a wheel's movement, for one step of zoom

/**
 * Listen on `frame`. Places are { x, y } in its CSS px.
 * hover(place or null), click(place), drag(dx, dy), pinch(factor, place), wheel(steps, place), twice(place).
 */
export function listen(frame, { hover, click, drag, pinch, wheel, twice }) {
  const held = new Map(); // pointers that are down, by id
  let travelled = 0;
  const place = event => {
    const box = frame.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const ours = event => !event.target.closest("button");

  frame.addEventListener("pointerdown", event => {
    if (event.button !== 0 || !ours(event)) return;
    if (held.size === 0) travelled = 0;
    held.set(event.pointerId, place(event));
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", event => {
    const now = place(event);
    const before = held.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") hover(ours(event) ? now : null);
      return;
    }
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const apart = at => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
      pinch(apart(now) / apart(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
      drag((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (travelled > STILL) drag(now.x - before.x, now.y - before.y);
    held.set(event.pointerId, now);
  });
  frame.addEventListener("pointerup", event => {
    if (held.delete(event.pointerId) && held.size === 0 && travelled <= STILL) click(place(event));
  });
  frame.addEventListener("pointercancel", event => held.delete(event.pointerId));
  frame.addEventListener("pointerleave", () => hover(null));
  frame.addEventListener("dblclick", event => {
    if (ours(event)) twice(place(event));
  });
  frame.addEventListener("wheel", event => {
    event.preventDefault();
    wheel(-Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / NOTCH), place(event));
  }, { passive: false });
}
