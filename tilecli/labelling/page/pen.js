// Mouse, pen and fingers on the panes: strokes, moving and pinching. Two fingers never draw.

const NOTCH = 100; // of a wheel's movement, for one step

/**
 * Listen on `frame`. Places are { x, y } in its CSS px.
 * tool(): brush, eraser, polygon or hand. down(place), move(place), up(), cancel(), hover(place or null),
 * pan(dx, dy), pinch(factor, place), wheel(steps, place, zooms), twice(place). held(): whether drawing is off for now.
 */
export function listen(frame, { tool, held, down, move, up, cancel, hover, pan, pinch, wheel, twice }) {
  const pointers = new Map(); // that are down, by id
  let mode = ""; // draw, pan, or pinch until all fingers are gone
  const place = event => {
    const box = frame.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  frame.addEventListener("contextmenu", event => event.preventDefault());
  frame.addEventListener("pointerdown", event => {
    if (event.button > 2) return;
    event.preventDefault();
    document.activeElement?.blur();
    frame.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size > 1) {
      if (mode === "draw") cancel();
      mode = "pinch";
      return;
    }
    mode = event.button > 0 || held() || tool() === "hand" ? "pan" : "draw";
    frame.classList.toggle("moving", mode === "pan");
    if (mode === "draw") down(place(event));
  });

  frame.addEventListener("pointermove", event => {
    const now = place(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") hover(now);
      return;
    }
    if (mode === "pinch") {
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const apart = at => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
        pinch(apart(now) / apart(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
        pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      }
    } else if (mode === "pan") pan(now.x - before.x, now.y - before.y);
    else {
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const step of steps.length > 0 ? steps : [event]) move(place(step));
      hover(now);
    }
    pointers.set(event.pointerId, now);
  });

  const end = event => {
    if (!pointers.delete(event.pointerId)) return;
    if (mode === "draw") (event.type === "pointerup" ? up : cancel)();
    if (pointers.size > 0) return;
    mode = "";
    frame.classList.remove("moving");
    if (event.pointerType === "touch") hover(null);
  };
  frame.addEventListener("pointerup", end);
  frame.addEventListener("pointercancel", end);
  frame.addEventListener("pointerleave", () => { if (pointers.size === 0) hover(null); });
  frame.addEventListener("dblclick", event => twice(place(event)));
  frame.addEventListener("wheel", event => {
    event.preventDefault();
    const steps = -Math.sign(event.deltaY) * Math.min(1, Math.abs(event.deltaY) / NOTCH);
    wheel(steps, place(event), event.ctrlKey || event.metaKey);
  }, { passive: false });
}
