'use strict';

/* The details of one row: its fields beside its bytes, unencrypted and as a packet. */

const FIELDS_MAX = 200;

/* "RFC 4254 6.5", with a link if it is an RFC's. */
function drawSection(section) {
  const rfc = /^RFC (\d+)(?: (?:section )?([\d.]+))?$/.exec(section);
  if (!rfc) return make('span', 'section', visible(section));
  const link = make('a', 'section', section);
  link.href = `https://www.rfc-editor.org/rfc/rfc${rfc[1]}${rfc[2] ? `#section-${rfc[2]}` : ''}`;
  link.rel = 'noreferrer';
  link.target = '_blank';
  return link;
}

class Detail {
  /* actions: close(), filterChannel(channel) */
  constructor(element, handlers, actions) {
    this.element = element;
    this.handlers = handlers;
    this.actions = actions;
    this.views = [];
    element.addEventListener('mouseover', (event) => this.mark(event.target));
    element.addEventListener('mouseleave', () => this.mark(null));
    element.addEventListener('click', (event) => this.choose(event.target));
    element.addEventListener('focusin', (event) => this.mark(event.target));
  }

  show(row) {
    for (const view of this.views) view.stop();
    this.views = [];
    this.element.replaceChildren();
    if (!row) {
      this.element.append(make('p', 'hint', 'Select a message to see its fields and bytes.'));
      return;
    }
    this.drawHead(row);
    if (row.kind === 'message') this.drawMessage(row);
    else if (row.kind === 'identification') this.drawIdentification(row);
    else if (row.kind === 'hash') this.drawHash(row);
    else if (row.kind === 'negotiated') this.drawNegotiated(row);
    else this.drawMembers(row);
    for (const view of this.views) view.start();
    this.element.scrollTop = 0;
  }

  /* For printing: all bytes. */
  expand(expanded) {
    for (const view of this.views) view.list.expand(expanded);
  }

  /* ---- the head: what, when, where specified, where handled ---- */

  drawHead(row) {
    const head = make('header', 'detail-head'),
      back = make('button', 'back', '← Messages'),
      title = make('h2');
    back.type = 'button';
    back.addEventListener('click', () => this.actions.close());
    title.append(make('span', 'detail-name', visible(shortName(row.name))));
    if (row.kind === 'message') title.append(' ', make('span', 'number', String(row.event.number)));
    head.append(back, title);
    const facts = make('p', 'detail-facts');
    if (row.side) facts.append(make('span', `way ${row.side}`, `${row.side} → ${otherSide(row.side)}`));
    facts.append(make('span', '', `${timeText(row.since)} s`));
    if (row.event.seq !== undefined) facts.append(make('span', '', `sequence number ${row.event.seq}`));
    facts.append(make('span', '', `phase ${visible(row.phase)}`));
    if (row.channel) facts.append(this.drawChannel(row.channel));
    if (row.malformed) facts.append(make('span', 'bad', 'malformed'));
    head.append(facts);
    if (row.kind === 'message') head.append(this.drawReferences(row));
    this.element.append(head);
  }

  drawChannel(channel) {
    const button = make('button', 'channel', `channel ${visible(channelName(channel))}`);
    button.type = 'button';
    button.title = 'Show only this channel';
    button.addEventListener('click', () => this.actions.filterChannel(channel));
    return button;
  }

  drawReferences(row) {
    const references = make('p', 'references');
    for (const section of [row.event.section, row.event.kind_section])
      if (section) references.append(drawSection(section));
    const handlers = this.handlers[row.name] || {};
    const order = row.event.dir === 'in' ? ['received', 'sent'] : ['sent', 'received'];
    for (const way of order) {
      for (const [name, file] of handlers[way] || []) {
        const code = make('span', way === order[0] ? 'handler here' : 'handler');
        code.append(`${way} by `, make('code', '', name), ' in ', make('code', '', file));
        references.append(code);
      }
    }
    return references;
  }

  /* ---- kinds of rows ---- */

  drawMessage(row) {
    const event = row.event,
      flat = flatFields(event),
      payload = event.payload || '',
      packet = event.packet || '';
    const owners = ownersOfPayload(flat, Math.max(event.length || 0, payload.length / 2));
    const parts = partsOfPacket(row),
      byId = {};
    parts.forEach((part, i) => {
      byId[flat.length + i] = part;
    });
    const packetOwners = ownersOfPacket(parts, flat.length, owners, packet.length / 2);
    const columns = make('div', 'columns');
    columns.append(
      this.drawFields(flat),
      this.drawBytes('Payload', bytesText(event.length), payload, owners, event.length, (id) => colourClass(id)),
      this.drawBytes(
        row.protection ? 'Encrypted packet' : 'Packet',
        bytesText(event.packet_length || packet.length / 2),
        packet,
        packetOwners,
        event.packet_length,
        (id) => colourClass(id, byId),
        parts,
        flat.length,
      ),
    );
    this.element.append(columns);
  }

  drawIdentification(row) {
    const bytes = row.event.bytes || '',
      end = bytes.length / 2,
      eol = bytes.endsWith('0d0a') ? 2 : bytes.endsWith('0a') ? 1 : 0;
    const flat = [
      { field: { name: 'identification', type: 'line', at: 0, len: end - eol, text: row.event.text }, depth: 0, id: 0 },
      {
        field: {
          name: eol === 2 ? 'CR LF' : 'line end',
          type: 'line',
          at: end - eol,
          len: eol,
          hex: bytes.slice(2 * (end - eol)),
        },
        depth: 0,
        id: 1,
      },
    ];
    const columns = make('div', 'columns two');
    columns.append(
      this.drawFields(flat),
      this.drawBytes('Bytes', bytesText(end), bytes, ownersOfPayload(flat, end), end, (id) => colourClass(id)),
    );
    this.element.append(columns);
  }

  drawHash(row) {
    const event = row.event,
      columns = make('div', 'columns one');
    const inputs = (event.inputs || []).map((field, id) => ({ field, depth: 0, id }));
    const results = [
      ['H', event.H],
      ['session id', event.session_id],
    ]
      .filter(([, hex]) => hex !== undefined)
      .map(([name, hex], i) => ({
        field: { name, type: event.hash || 'hash', len: hex.length / 2, hex },
        depth: 0,
        id: inputs.length + i,
      }));
    columns.append(this.drawFields([...inputs, ...results], `${event.hash || 'hash'} of, one after the other`));
    this.element.append(columns);
  }

  /* Each list with the names of both sides. */
  drawNegotiated(row) {
    const columns = make('div', 'columns one'),
      flat = [];
    for (const list of row.event.lists || []) {
      const add = (name, more, depth) => flat.push({ field: { name, ...more }, depth, id: flat.length });
      add(list.name, { text: list.chosen, why: list.why }, 0);
      for (const side of ['client', 'server']) add(side, { list: list[side] || [], chosen: list.chosen }, 1);
    }
    if (flat.length === 0) {
      this.drawMembers(row);
      return;
    }
    columns.append(this.drawFields(flat, row.event.strict ? 'Chosen, with strict key exchange' : 'Chosen'));
    this.element.append(columns);
  }

  drawMembers(row) {
    const list = make('dl', 'members');
    for (const [name, value] of Object.entries(row.event)) {
      if (['us', 'conn', 'event', 'fields', 'payload', 'packet'].includes(name)) continue;
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
      list.append(make('dt', '', name.replaceAll('_', ' ')), make('dd', '', cutText(visible(text), VALUE_MAX)));
    }
    this.element.append(list);
  }

  /* ---- parts ---- */

  drawFields(flat, title = 'Fields') {
    const section = make('section', 'fields'),
      list = make('ol', 'field-list');
    section.append(make('h3', '', title));
    for (const { field, depth, id } of flat.slice(0, FIELDS_MAX)) {
      const item = make('li', `field ${colourClass(id)}`),
        value = make('div', 'value');
      item.dataset.field = id;
      item.tabIndex = 0;
      item.style.setProperty('--depth', Math.min(depth, 4));
      const head = make('div', 'field-name'),
        name = make('span');
      name.append(breakable(visible(field.name)), ' ', make('span', 'type', visible(field.type || '')));
      head.append(make('i', 'swatch'), name);
      if (field.len !== undefined) head.append(make('span', 'len', String(field.len)));
      drawValue(value, field);
      item.append(head, value);
      list.append(item);
    }
    section.append(list);
    if (flat.length > FIELDS_MAX)
      section.append(make('p', 'note', `${flat.length - FIELDS_MAX} more fields are not shown.`));
    return section;
  }

  /* `total` bytes, of which `hex` has the first ones. */
  drawBytes(title, size, hex, owners, total, colours, parts = [], firstId = 0) {
    const section = make('section', 'byte-view'),
      heading = make('h3', '', title),
      missing = (total || 0) - hex.length / 2;
    heading.append(' ', make('span', 'size', size));
    section.append(heading);
    if (hex) {
      const view = new HexView(hex, owners, colours, parts.length > 0);
      view.element.setAttribute('aria-label', title);
      this.views.push(view);
      section.append(view.element);
    } else {
      section.append(make('p', 'note', 'The trace does not have these bytes.'));
    }
    if (hex && missing > 0)
      section.append(make('p', 'note', `${missing} more ${missing === 1 ? 'byte is' : 'bytes are'} not in the trace.`));
    if (parts.length > 0) section.append(this.drawParts(parts, firstId));
    return section;
  }

  drawParts(parts, firstId) {
    const list = make('ul', 'parts');
    parts.forEach((part, i) => {
      const item = make('li', part.isEncrypted ? 'encrypted' : part.isPayload ? '' : colourClass(firstId + i));
      if (!part.isPayload) item.dataset.field = firstId + i;
      item.append(make('i', 'swatch'), `${part.name} `, make('span', 'len', String(part.len)));
      list.append(item);
    });
    return list;
  }

  /* ---- a field and its bytes, marked together ---- */

  mark(target) {
    const found = target && target.closest('[data-field]'),
      id = found ? found.dataset.field : null;
    for (const element of this.element.querySelectorAll('[data-field]'))
      element.classList.toggle('marked', element.dataset.field === id);
  }

  /* A click on a field shows its first byte. */
  choose(target) {
    const item = target.closest('.field');
    if (!item) return;
    const id = Number(item.dataset.field);
    for (const view of this.views) {
      const at = view.owners.findIndex((owner) => Math.abs(owner) - 1 === id);
      if (at >= 0 && 2 * at < view.hex.length) view.showByte(at);
    }
    this.mark(item);
  }
}
