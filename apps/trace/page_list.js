'use strict';

/* A list that keeps only the visible rows in the document, however many there are. Rows have one height. Browsers limit the
 * height of an element, so beyond MAX_HEIGHT the scroll bar is a scale, not the rows themselves. */

const MAX_HEIGHT = 8e6; /* pixels */
const OVERSCAN = 6; /* rows above and below the visible ones */
const EXPANDED_MAX = 1000;

class VirtualList {
  /* draw(element, index) fills an empty element of class "row". */
  constructor(viewport, rowHeight, draw) {
    this.viewport = viewport;
    this.rowHeight = rowHeight;
    this.draw = draw;
    this.count = 0;
    this.expanded = false;
    this.drawn = new Map();
    this.spacer = document.createElement('div');
    this.spacer.className = 'spacer';
    this.spacer.setAttribute('role', 'presentation');
    viewport.append(this.spacer);
    viewport.addEventListener('scroll', () => this.update());
    this.observer = new ResizeObserver(() => this.update());
    this.observer.observe(viewport);
  }

  get realHeight() {
    return this.count * this.rowHeight;
  }

  get height() {
    return Math.min(this.realHeight, MAX_HEIGHT);
  }

  /* Where the rows would be scrolled to if they had their real height. */
  get offset() {
    const free = this.height - this.viewport.clientHeight;
    const realFree = this.realHeight - this.viewport.clientHeight;
    return free <= 0 ? 0 : this.viewport.scrollTop * (realFree / free);
  }

  setCount(count) {
    this.count = count;
    this.spacer.style.height = `${this.height}px`;
    this.refresh();
  }

  /* Draw all visible rows again. */
  refresh() {
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.update();
  }

  update() {
    const offset = this.offset;
    const first = this.expanded ? 0 : Math.max(0, Math.floor(offset / this.rowHeight) - OVERSCAN);
    const end = this.expanded
      ? EXPANDED_MAX
      : Math.ceil((offset + this.viewport.clientHeight) / this.rowHeight) + OVERSCAN;
    const last = Math.min(this.count, end);
    for (const [index, element] of this.drawn) {
      if (index < first || index >= last) {
        element.remove();
        this.drawn.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      let element = this.drawn.get(index);
      if (!element) {
        element = document.createElement('div');
        element.className = 'row';
        this.draw(element, index);
        this.drawn.set(index, element);
        this.spacer.append(element);
      }
      element.style.transform = `translateY(${index * this.rowHeight - offset + this.viewport.scrollTop}px)`;
    }
  }

  /* For printing: all rows, up to a limit. */
  expand(expanded) {
    this.expanded = expanded;
    this.update();
  }

  redraw(index) {
    const element = this.drawn.get(index);
    if (!element) return;
    element.remove();
    this.drawn.delete(index);
    this.update();
  }

  rowsPerPage() {
    return Math.max(1, Math.floor(this.viewport.clientHeight / this.rowHeight) - 1);
  }

  /* Scroll as little as needed to show the row. */
  show(index) {
    const top = index * this.rowHeight,
      offset = this.offset,
      visible = this.viewport.clientHeight;
    let wanted = offset;
    if (top < offset) wanted = top;
    else if (top + this.rowHeight > offset + visible) wanted = top + this.rowHeight - visible;
    if (wanted === offset) return;
    const realFree = this.realHeight - visible;
    this.viewport.scrollTop = wanted * (realFree <= 0 ? 1 : (this.height - visible) / realFree);
    this.update();
  }

  stop() {
    this.observer.disconnect();
  }
}
