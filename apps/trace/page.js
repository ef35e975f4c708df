'use strict';

/* The page: reads the trace that it contains, and connects the list, the details, the plot, filters, search and keys. */

const ROW_HEIGHT = 40; /* pixels; as in page.css */
const PRINTED_MAX = 2000;
const OPTIONS_MAX = 200; /* of a filter */
const byId = (id) => document.getElementById(id);

class Page {
  constructor(trace, handlers) {
    this.trace = trace;
    this.shown = []; /* indices of the rows that the filters let through */
    this.matches = []; /* positions in `shown` */
    this.query = '';
    this.at = -1; /* position in `shown` of the selected row */
    this.detail = new Detail(byId('detail'), handlers, {
      close: () => this.closeDetail(),
      filterChannel: (channel) => this.filterChannel(channel),
    });
    this.plot = new Plot(byId('plot'), (row) => this.selectRow(row));
    this.list = new VirtualList(byId('list'), ROW_HEIGHT, (element, position) => this.drawRow(element, position));
    this.listen();
    this.fillConnections();
    this.showConnection(0);
  }

  /* ---- choosing what is shown ---- */

  fillConnections() {
    const { connections } = this.trace;
    fillSelect(
      byId('connection'),
      connections.map((c) => [`${c.number}: ${c.peer || c.program}`, `${c.rows.length} rows`]),
      { more: 'nacre-trace page -c N shows one' },
    );
    byId('connection-label').hidden = connections.length < 2;
    byId('warning').hidden = !this.trace.secrets;
    byId('warning').textContent =
      'This trace contains secrets: with it, anyone who recorded the sessions can decrypt them.';
  }

  showConnection(index) {
    this.connection = this.trace.connections[index] || new Connection({}, { us: 0, conn: 0 });
    const c = this.connection;
    byId('title').textContent = `${c.program} ${c.version}`.trim();
    document.title = `${c.program}: SSH trace`;
    byId('subtitle').textContent =
      c.rows.length === 0
        ? 'The trace has no connection.'
        : `${c.role} ${visible(c.local)} ↔ ${visible(c.peer)}${c.started ? ` · ${dateText(c.started)}` : ''}`;
    drawFacts(byId('facts'), c);
    fillSelect(
      byId('name-filter'),
      [...c.names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => [shortName(name), n]),
      { all: 'all messages', values: [...c.names.keys()].sort() },
    );
    fillSelect(
      byId('channel-filter'),
      c.channels.map((channel) => [channelName(channel), '']),
      { all: 'all channels', more: 'select one in the details of its message' },
    );
    this.at = -1;
    this.filter();
    this.select(c.rows.length > 0 ? 0 : -1);
  }

  get channel() {
    const value = byId('channel-filter').value;
    return value === '' ? null : this.connection.channels[Number(value)];
  }

  /* The channel of a message, which may be one that the filter does not list. */
  filterChannel(channel) {
    const select = byId('channel-filter');
    select.value = String(channel.id);
    if (select.value !== String(channel.id)) {
      select.append(new Option(visible(channelName(channel)), channel.id));
      select.value = String(channel.id);
    }
    this.filter();
  }

  filter() {
    const row = this.selectedRow,
      name = byId('name-filter').value,
      { channel } = this;
    this.shown = this.connection.rows
      .filter((r) => (name === '' || (r.kind === 'message' && r.name === name)) && (!channel || r.channel === channel))
      .map((r) => r.index);
    byId('empty').hidden = this.shown.length > 0;
    byId('shown').textContent =
      this.shown.length === this.connection.rows.length
        ? `${this.shown.length} rows`
        : `${this.shown.length} of ${this.connection.rows.length} rows`;
    this.at = row ? this.shown.indexOf(row.index) : -1;
    this.plot.show(this.connection, channel);
    const hidden = channel ? 0 : this.connection.channels.length - this.plot.channels.length;
    byId('plot-note').hidden = hidden === 0;
    byId('plot-note').textContent = `${hidden} more channels: choose one in the filter.`;
    this.matchSet = new Set();
    this.list.setCount(this.shown.length);
    this.search();
    if (this.at >= 0) this.list.show(this.at);
  }

  /* ---- search ---- */

  search() {
    this.query = byId('search').value.trim().toLowerCase();
    const rows = this.connection.rows;
    this.matches =
      this.query === ''
        ? []
        : this.shown.flatMap((index, position) => (haystack(rows[index]).includes(this.query) ? [position] : []));
    this.matchSet = new Set(this.matches);
    this.list.refresh();
    this.countMatches();
  }

  countMatches() {
    const at = this.matches.indexOf(this.at);
    byId('matches').textContent =
      this.query === ''
        ? ''
        : this.matches.length === 0
          ? 'none'
          : `${at < 0 ? '–' : at + 1} of ${this.matches.length}`;
    byId('next').disabled = byId('previous').disabled = this.matches.length === 0;
  }

  step(forward) {
    if (this.matches.length === 0) return;
    const later = this.matches.find((position) => position > this.at);
    const earlier = this.matches.filter((position) => position < this.at).pop();
    this.select(forward ? (later ?? this.matches[0]) : (earlier ?? this.matches[this.matches.length - 1]));
  }

  /* ---- selection ---- */

  get selectedRow() {
    return this.at < 0 ? null : this.connection.rows[this.shown[this.at]];
  }

  select(position) {
    const before = this.at;
    this.at = Math.max(-1, Math.min(position, this.shown.length - 1));
    if (before >= 0) this.list.redraw(before);
    const row = this.selectedRow,
      list = byId('list');
    if (row) {
      this.list.show(this.at);
      this.list.redraw(this.at);
      list.setAttribute('aria-activedescendant', `row-${this.at}`);
    } else {
      list.removeAttribute('aria-activedescendant');
    }
    this.detail.show(row);
    this.plot.select(row ? row.index : null);
    this.countMatches();
  }

  /* The row itself, or the next one that the filters show. */
  selectRow(index) {
    const position = this.shown.findIndex((each) => each >= index);
    this.select(position < 0 ? this.shown.length - 1 : position);
  }

  openDetail() {
    document.body.classList.add('detail-open');
    byId('detail').focus({ preventScroll: true });
  }

  closeDetail() {
    document.body.classList.remove('detail-open');
    byId('list').focus({ preventScroll: true });
  }

  clear() {
    byId('search').value = byId('name-filter').value = byId('channel-filter').value = '';
    this.filter();
  }

  /* ---- rows ---- */

  drawRow(element, position) {
    const row = this.connection.rows[this.shown[position]],
      before = this.shown[position - 1];
    const isFirst = before === undefined || this.connection.rows[before].phase !== row.phase;
    element.classList.add(row.kind === 'message' || row.kind === 'identification' ? 'arrow' : 'event', row.kind);
    if (row.side) element.classList.add(`from-${row.side}`);
    if (row.malformed) element.classList.add('malformed');
    if (position === this.at) element.classList.add('selected');
    if (this.matchSet.has(position)) element.classList.add('match');
    element.dataset.group = row.group || 'transport';
    element.dataset.phase = phaseKind(row.phase);
    element.dataset.position = position;
    Object.entries({
      role: 'option',
      id: `row-${position}`,
      'aria-selected': String(position === this.at),
      'aria-setsize': this.shown.length,
      'aria-posinset': position + 1,
    }).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(
      make('span', 'phase', isFirst ? visible(row.phase) : ''),
      make('span', 'time', timeText(row.since)),
      drawLane(row),
    );
    element.title = row.summary ? `${shortName(visible(row.name))}: ${visible(row.summary)}` : '';
  }

  /* ---- printing: all rows at once, up to a limit ---- */

  print(begins) {
    const printed = byId('printed');
    this.detail.expand(begins);
    printed.replaceChildren();
    if (!begins) return;
    this.shown.slice(0, PRINTED_MAX).forEach((_, position) => {
      const element = make('div', 'row');
      this.drawRow(element, position);
      element.removeAttribute('id');
      printed.append(element);
    });
    const left = this.shown.length - PRINTED_MAX;
    if (left > 0)
      printed.append(
        make('p', 'note', `${left} more rows are not printed. Filter them, or choose a connection, to print those.`),
      );
  }

  /* ---- events ---- */

  listen() {
    byId('connection').addEventListener('change', (event) => this.showConnection(Number(event.target.value)));
    for (const id of ['name-filter', 'channel-filter']) byId(id).addEventListener('change', () => this.filter());
    byId('search').addEventListener('input', () => this.search());
    byId('next').addEventListener('click', () => this.step(true));
    byId('previous').addEventListener('click', () => this.step(false));
    byId('list').addEventListener('click', (event) => {
      const element = event.target.closest('.row');
      if (!element) return;
      this.select(Number(element.dataset.position));
      this.openDetail();
      byId('list').focus({ preventScroll: true });
    });
    for (const [id, byTime] of [
      ['by-time', true],
      ['by-message', false],
    ])
      byId(id).addEventListener('click', () => this.setAxis(byTime));
    byId('help-button').addEventListener('click', () => this.toggleHelp());
    document.addEventListener('keydown', (event) => this.key(event));
    window.addEventListener('beforeprint', () => this.print(true));
    window.addEventListener('afterprint', () => this.print(false));
  }

  setAxis(byTime) {
    this.plot.byTime = byTime;
    byId('by-time').setAttribute('aria-pressed', String(byTime));
    byId('by-message').setAttribute('aria-pressed', String(!byTime));
    this.plot.draw();
  }

  toggleHelp() {
    const help = byId('help');
    help.hidden = !help.hidden;
    byId('help-button').setAttribute('aria-expanded', String(!help.hidden));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') {
      this.escape();
    } else if (event.target === byId('search')) {
      if (event.key === 'Enter') this.step(!event.shiftKey);
      else return;
    } else if (event.key === '/') {
      byId('search').focus();
      byId('search').select();
    } else if (event.key === '?') {
      this.toggleHelp();
    } else if (!this.move(event)) {
      return;
    }
    event.preventDefault();
  }

  escape() {
    const list = byId('list');
    if (document.activeElement === list && !document.body.classList.contains('detail-open')) this.clear();
    this.closeDetail();
  }

  move(event) {
    const inList = event.target === byId('list') || event.target === document.body;
    const page = this.list.rowsPerPage(),
      letters = { j: 1, k: -1 };
    const keys = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (inList && event.key === 'Enter') this.openDetail();
    else if (inList && keys[event.key])
      this.select(Math.max(0, Math.min(this.at + keys[event.key], this.shown.length - 1)));
    else if (letters[event.key] && event.target.tagName !== 'SELECT')
      this.select(Math.max(0, this.at + letters[event.key]));
    else return false;
    return true;
  }
}

/* entries: [text, count]. all: the text of the first option, whose value is "". more: how to reach those that are left out. */
function fillSelect(select, entries, { all, values, more }) {
  select.replaceChildren();
  if (all) select.append(new Option(all, ''));
  entries
    .slice(0, OPTIONS_MAX)
    .forEach(([text, count], i) =>
      select.append(new Option(count === '' ? visible(text) : `${visible(text)} (${count})`, values ? values[i] : i)),
    );
  if (entries.length > OPTIONS_MAX) {
    const left = new Option(`${entries.length - OPTIONS_MAX} more: ${more || 'not listed'}`, '');
    left.disabled = true;
    select.append(left);
  }
  select.disabled = entries.length === 0;
}

function drawFacts(list, c) {
  const n = c.negotiated || {},
    macs = n.mac_client_to_server || n.mac_server_to_client || '';
  const facts = [
    ['client', c.identifications.client],
    ['server', c.identifications.server],
    ['key exchange', n.kex],
    ['host key', n.host_key],
    ['cipher', n.cipher_client_to_server],
    ['MAC', macs],
    ['strict', n.strict === undefined ? undefined : n.strict ? 'yes' : 'no'],
    ['rekeys', c.rekeys.length || undefined],
    ['duration', c.rows.length ? `${((c.last - c.first) / 1e6).toFixed(3)} s` : undefined],
  ];
  list.replaceChildren();
  for (const [name, value] of facts.filter(([, v]) => v)) {
    const fact = make('div');
    fact.append(make('dt', '', name), make('dd', '', visible(String(value))));
    list.append(fact);
  }
}

/* "2026-11-29T16:00:00.000000Z" without its microseconds */
function dateText(time) {
  return visible(time.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'));
}

/* The lane of a row: an arrow between the lifelines, or a note across them. */
function drawLane(row) {
  const lane = make('span', 'lane'),
    label = make('span', 'label');
  label.append(make('b', 'name', visible(shortName(row.name))), make('span', 'summary', visible(row.summary || '')));
  if (row.event.seq !== undefined && row.kind === 'message') lane.append(make('span', 'seq', `#${row.event.seq}`));
  lane.append(label);
  if (row.event.length !== undefined && row.kind === 'message')
    lane.append(make('span', 'length', String(row.event.length)));
  lane.append(make('i', 'line'));
  return lane;
}

new Page(readTrace(JSON.parse(byId('trace').textContent)), JSON.parse(byId('handlers').textContent));
