'use strict';

/* The plot: for each channel how many bytes either side may still send, the phases along the lower edge, and rekeys as breaks.
 * The number of elements depends on the width, not on the number of messages: paths keep what a pixel column can show. */

const SVG = 'http://www.w3.org/2000/svg';
const PLOTS_MAX = 4; /* channels, unless one is chosen */
const STRIP = 64,
  GAP = 22,
  EDGE = 34,
  LEFT = 62,
  RIGHT = 12; /* pixels */

function svg(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/* "M x y" for each pixel column in which the value changes: its first, least, greatest and last value. */
function steps(points, x, y, end) {
  let path = '',
    column = null,
    level = null;
  const flush = () => {
    if (!column) return;
    path += `${path ? 'V' : `M${column.x} `}${y(column.first)}`;
    if (column.least !== column.greatest) path += `V${y(column.least)}V${y(column.greatest)}V${y(column.last)}`;
    level = column.last;
  };
  for (const point of points) {
    const at = Math.round(x(point.row));
    if (!column || column.x !== at) {
      flush();
      if (path) path += `H${at}`;
      column = { x: at, first: point.value, least: point.value, greatest: point.value, last: point.value };
    }
    column.least = Math.min(column.least, point.value);
    column.greatest = Math.max(column.greatest, point.value);
    column.last = point.value;
  }
  flush();
  return level === null ? '' : `${path}H${Math.round(end)}`;
}

/* A round step for about `count` marks in a range. */
function roundStep(range, count) {
  const rough = range / count,
    power = 10 ** Math.floor(Math.log10(rough || 1));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) || power;
}

class Plot {
  constructor(container, choose) {
    this.container = container;
    this.byTime = true;
    this.connection = null;
    this.selected = null;
    this.cursor = null;
    container.addEventListener('click', (event) => choose(this.rowAt(event.clientX)));
    new ResizeObserver(() => this.drawSoon()).observe(container);
  }

  show(connection, channel) {
    this.connection = connection;
    this.channels = channel
      ? [channel]
      : connection.channels
          .filter((c) => c.points.length > 0)
          .sort((a, b) => b.points.length - a.points.length || a.id - b.id)
          .slice(0, PLOTS_MAX)
          .sort((a, b) => a.id - b.id);
    this.draw();
  }

  drawSoon() {
    if (this.connection && this.container.clientWidth !== this.width) this.draw();
  }

  /* ---- the horizontal axis ---- */

  get span() {
    const { rows, first, last } = this.connection;
    return this.byTime ? Math.max(1, last - first) : Math.max(1, rows.length - 1);
  }

  x(index) {
    const row = this.connection.rows[Math.min(index, this.connection.rows.length - 1)];
    const at = this.byTime ? row.us - this.connection.first : index;
    return LEFT + (at / this.span) * (this.width - LEFT - RIGHT);
  }

  /* The row nearest to a place on the screen. */
  rowAt(clientX) {
    const wanted = clientX - this.container.getBoundingClientRect().left;
    let low = 0,
      high = this.connection.rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.x(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    return low > 0 && wanted - this.x(low - 1) < this.x(low) - wanted ? low - 1 : low;
  }

  /* ---- drawing ---- */

  draw() {
    this.width = this.container.clientWidth;
    if (this.width === 0) return;
    const height = this.channels.length * (STRIP + GAP) + EDGE;
    const root = svg('svg', { width: this.width, height, viewBox: `0 0 ${this.width} ${height}`, role: 'img' });
    root.append(svg('title', {}, 'Bytes that each side may still send, by channel; phases and rekeys'));
    const edge = this.channels.length * (STRIP + GAP) + 6;
    this.drawRekeys(root, edge + 8); /* first, so that no text is behind it */
    this.drawMarks(root, edge + 22);
    this.channels.forEach((channel, i) => this.drawChannel(root, channel, i * (STRIP + GAP) + GAP));
    this.drawPhases(root, edge);
    this.cursor = svg('line', { class: 'cursor', y1: 0, y2: edge + 8, x1: -9, x2: -9 });
    root.append(this.cursor);
    this.container.replaceChildren(root);
    this.select(this.selected);
  }

  /* Each side has its own scale, unless they are the same. */
  drawChannel(root, channel, top) {
    root.append(
      svg('text', { class: 'strip-name', x: LEFT, y: top - 7 }, `channel ${visible(channelName(channel))}`),
      svg('line', { class: 'grid', x1: LEFT, x2: this.width - RIGHT, y1: top, y2: top }),
      svg('line', { class: 'grid', x1: LEFT, x2: this.width - RIGHT, y1: top + STRIP, y2: top + STRIP }),
      svg('text', { class: 'mark', x: LEFT - 8, y: top + STRIP + 4, 'text-anchor': 'end' }, '0'),
    );
    ['server', 'client'].forEach((side, i) => {
      const points = channel.points.filter((point) => point.side === side);
      const greatest = points.reduce((most, point) => Math.max(most, point.value), 1);
      const y = (value) => (top + STRIP - (Math.max(0, value) / greatest) * STRIP).toFixed(1);
      const d = steps(points, (row) => this.x(row), y, this.width - RIGHT);
      root.append(svg('path', { class: `window ${side}`, d }));
      root.append(
        svg(
          'text',
          { class: `mark ${side}`, x: LEFT - 8, y: top + 4 + 14 * i, 'text-anchor': 'end' },
          sizeText(greatest),
        ),
      );
    });
  }

  drawRekeys(root, bottom) {
    const columns = [...new Set(this.connection.rekeys.map((row) => Math.round(this.x(row))))];
    root.append(svg('path', { class: 'rekey', d: columns.map((at) => `M${at} 0V${bottom}`).join('') }));
  }

  /* One path for each kind of phase. */
  drawPhases(root, top) {
    const { phases } = this.connection,
      kinds = new Map(),
      labels = [];
    phases.forEach(({ phase, row }, i) => {
      const from = this.x(row),
        to = i + 1 < phases.length ? this.x(phases[i + 1].row) : this.width - RIGHT;
      const key = `${Math.floor(from)}-${Math.ceil(to)}`;
      if (!kinds.has(phase)) kinds.set(phase, new Map());
      kinds
        .get(phase)
        .set(key, `M${from.toFixed(1)} ${top}H${Math.max(to, from + 1).toFixed(1)}V${top + 8}H${from.toFixed(1)}Z`);
      if (to - from > 7 * phase.length + 8)
        labels.push(svg('text', { class: 'phase-name', x: from + 3, y: top + 19 }, visible(phase)));
    });
    for (const [phase, pieces] of kinds) {
      const path = svg('path', { class: 'phase', 'data-phase': phaseKind(phase), d: [...pieces.values()].join('') });
      path.append(svg('title', {}, phase));
      root.append(path);
    }
    root.append(...labels);
  }

  /* Times, or numbers of messages, at the right end. */
  drawMarks(root, top) {
    const count = Math.max(2, Math.floor((this.width - LEFT - RIGHT) / 110));
    const scale = this.byTime ? this.span / 1e6 : this.span,
      step = roundStep(scale, count);
    for (let i = 1; i * step <= scale && i <= 3 * count; i++) {
      const at = LEFT + ((i * step) / scale) * (this.width - LEFT - RIGHT);
      const digits = Math.max(0, -Math.floor(Math.log10(step)));
      root.append(svg('line', { class: 'grid', x1: at, x2: at, y1: 0, y2: top - 14 }));
      if (at > this.width - 40 || at < LEFT + 150) continue; /* the channel's name is there */
      root.append(
        svg(
          'text',
          { class: 'mark time', x: at, y: 10, 'text-anchor': 'middle' },
          this.byTime ? `${(i * step).toFixed(digits)} s` : `${i * step}`,
        ),
      );
    }
  }

  select(row) {
    this.selected = row;
    if (!this.cursor) return;
    const at = row === null ? -9 : this.x(row).toFixed(1);
    this.cursor.setAttribute('x1', at);
    this.cursor.setAttribute('x2', at);
  }
}

/* Phases with the same colour. */
function phaseKind(phase) {
  if (phase === 'version') return 'version';
  if (phase.startsWith('rekey')) return 'rekey';
  if (['kexinit', 'kex', 'newkeys'].includes(phase)) return 'kex';
  return ['first', 'service', 'auth'].includes(phase) ? 'auth' : phase === 'connection' ? 'connection' : 'other';
}
