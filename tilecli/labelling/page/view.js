// Which part of the photos is seen, and how large: one view for all panes, in device px of each and px of the first
// photo.

const NEAR = 32; // CSS px that one photo pixel may take at most
const STEP = 1.4; // of zoom, by key, button or wheel

export const stepsOf = factor => Math.log(factor) / Math.log(STEP);

export class View {
  constructor() {
    Object.assign(this, { scale: 1, x: 0, y: 0, fitted: true });
    this.extent = { left: 0, top: 0, right: 1, bottom: 1 }; // what the photos cover together, px of the first
    this.room = { width: 1, height: 1 }; // of a pane, device px
  }

  /** Where a place of a pane, CSS px, lies in the first photo. */
  place({ x, y }) {
    const ratio = devicePixelRatio;
    return { x: (x * ratio - this.x) / this.scale, y: (y * ratio - this.y) / this.scale };
  }

  /** Keep to other bounds, as near to what is seen as can be. */
  bound(extent, room) {
    Object.assign(this, { extent, room });
    if (this.fitted) this.fit();
    else this.#move(this.scale, this.x, this.y);
  }

  get least() {
    const { left, top, right, bottom } = this.extent;
    return Math.min(this.room.width / (right - left), this.room.height / (bottom - top));
  }

  fit() {
    this.fitted = true;
    this.#move(this.least, 0, 0);
  }

  /** Larger (steps > 0) or smaller about a place in CSS px of a pane; about its middle without one. */
  zoom(steps, place = null) {
    const ratio = devicePixelRatio;
    const [x, y] = place ? [place.x * ratio, place.y * ratio] : [this.room.width / 2, this.room.height / 2];
    const scale = Math.min(this.scale * STEP ** steps, Math.max(this.least, NEAR * ratio));
    if (scale <= this.least * 1.001) {
      this.fit();
      return;
    }
    this.fitted = false;
    const factor = scale / this.scale;
    this.#move(scale, x - (x - this.x) * factor, y - (y - this.y) * factor);
  }

  /** Move what is seen by CSS px. */
  pan(dx, dy) {
    if (!this.fitted) this.#move(this.scale, this.x + dx * devicePixelRatio, this.y + dy * devicePixelRatio);
  }

  /** Photos smaller than the pane stand in its middle, larger ones never leave it. */
  #move(scale, x, y) {
    const keep = (at, room, from, to) => {
      const length = (to - from) * scale;
      const start = at + from * scale;
      const kept = length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, start));
      return Math.round(kept - from * scale);
    };
    const { left, top, right, bottom } = this.extent;
    this.scale = scale;
    this.x = keep(x, this.room.width, left, right);
    this.y = keep(y, this.room.height, top, bottom);
  }
}

/** How many columns show `count` photos of the extent's shape largest in a stage of CSS px. */
export function columnsFor(count, { left, top, right, bottom }, wide, high) {
  const scale = columns => Math.min(wide / columns / (right - left), high / Math.ceil(count / columns) / (bottom - top));
  let best = 1;
  for (let columns = 2; columns <= count; columns += 1) if (scale(columns) > scale(best)) best = columns;
  return best;
}
