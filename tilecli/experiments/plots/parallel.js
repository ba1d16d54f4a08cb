// Parallel coordinates that answer: a range dragged along an axis chooses runs, a dragged name moves its axis.
const REACH = 16; // px, from an axis to where its range can be dragged
const END = 6; // px, from an end of a range to where that end alone moves
const CLICK = 3; // px, that a click may move

// `count` axes are drawn in `place`; `changed` is called with "order" or "ranges" when the user has changed them.
function parallelCoordinates(place, count, changed) {
  const order = Array.from({ length: count }, (_, axis) => axis);
  const ranges = new Map(); // axis → [low, high], 0 at its low end and 1 at its high end
  let grip = null;

  // Turns a chart that was made for the first order into one for the present order and ranges.
  function arrange(spec) {
    const last = count - 1;
    for (const trace of spec.data) {
      trace.y = order.map(axis => trace.y[axis]);
      trace.hovertext = order.map(axis => trace.hovertext[axis]);
    }
    spec.layout.margin.l = spec.axes[order[0]].left;
    spec.layout.annotations = order.flatMap((axis, x) => spec.axes[axis].marks.map(mark => ({ ...mark, x })))
      .concat(spec.axes[order[last]].ends.map(end => ({ ...end, x: last })));
    spec.layout.shapes = shapes(spec);
    return spec;
  }

  // The lines of the axes, and the ranges on them.
  function shapes(spec) {
    const accent = getComputedStyle(place).getPropertyValue("--accent");
    return spec.layout.shapes.concat([...ranges].map(([axis, [y0, y1]]) => ({
      type: "rect", xsizemode: "pixel", xanchor: order.indexOf(axis), x0: -7, x1: 7, y0, y1,
      fillcolor: accent, opacity: 0.35, line: { color: accent, width: 2 },
    })));
  }

  // The runs that lie in every range, as a set of their numbers; null where there is no range.
  function chosen(data) {
    if (ranges.size === 0) return null;
    const within = places => [...ranges].every(([axis, [low, high]]) =>
      places[axis] !== null && places[axis] >= low - 1e-9 && places[axis] <= high + 1e-9);
    return new Set(data.filter(trace => within(trace.y)).map(trace => trace.meta));
  }

  function clear() {
    ranges.clear();
    changed("ranges");
  }

  // Where the pointer is: axis below it, place along that axis (0–1), position among the axes, and on which part.
  function spot(event) {
    const box = place.getBoundingClientRect(), size = place._fullLayout._size;
    const [left, right] = place.layout.xaxis.range, [low, high] = place.layout.yaxis.range;
    const down = event.clientY - box.top - size.t;
    const x = left + (event.clientX - box.left - size.l) / size.w * (right - left);
    const y = high - down / size.h * (high - low);
    const position = Math.min(count - 1, Math.max(0, Math.round(x)));
    const away = Math.abs(x - position) * size.w / (right - left);
    const part = down > size.h ? "" : down >= 0 ? (away <= REACH ? "axis" : "") : (Math.abs(x - position) < 0.5 ? "name" : "");
    return { axis: order[position], y, position, part, unit: size.h / (high - low) };
  }

  const bounded = y => Math.min(1, Math.max(0, y));

  function grab(at) {
    const range = ranges.get(at.axis);
    if (range) {
      const [low, high] = range;
      if (Math.abs(at.y - low) * at.unit <= END) return { other: high };
      if (Math.abs(at.y - high) * at.unit <= END) return { other: low };
      if (low < at.y && at.y < high) return { low, high, from: at.y };
    }
    return { other: bounded(at.y) };
  }

  place.addEventListener("pointerdown", event => {
    if (event.button !== 0 || event.target.closest(".modebar")) return;
    const at = spot(event);
    if (at.part === "") return;
    grip = { axis: at.axis, part: at.part, start: event.clientY, moved: false, ...(at.part === "axis" ? grab(at) : {}) };
    place.setPointerCapture(event.pointerId);
  }, true);

  // Plotly would begin to zoom, and the browser to select text.
  place.addEventListener("mousedown", event => {
    if (grip) { event.preventDefault(); event.stopPropagation(); }
  }, true);

  place.addEventListener("pointermove", event => {
    const at = spot(event);
    if (!grip) {
      place.dataset.under = at.part;
    } else if (grip.part === "name") {
      if (at.position !== order.indexOf(grip.axis)) {
        order.splice(at.position, 0, ...order.splice(order.indexOf(grip.axis), 1));
        changed("order");
      }
    } else if (grip.moved || Math.abs(event.clientY - grip.start) > CLICK) {
      grip.moved = true;
      const way = "from" in grip ? Math.min(1 - grip.high, Math.max(-grip.low, at.y - grip.from)) : 0;
      const ends = "from" in grip ? [grip.low + way, grip.high + way] : [grip.other, bounded(at.y)];
      ranges.set(grip.axis, ends.sort((a, b) => a - b));
      changed("ranges");
    }
  });

  place.addEventListener("pointerup", () => {
    if (grip && grip.part === "axis" && !grip.moved && ranges.delete(grip.axis)) changed("ranges");
  });
  place.addEventListener("lostpointercapture", () => { grip = null; });
  place.addEventListener("dblclick", clear);
  return { arrange, shapes, chosen, clear };
}
