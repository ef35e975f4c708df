'use strict';

/* Fields and bytes side by side: which field each byte of a payload or packet belongs to, and the views of both. */

const COLOURS = 8;
const BYTES_PER_ROW = 8;
const HEX_ROW_HEIGHT = 20; /* pixels; as in page.css */

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/* A name in bold that may be broken after its underscores. */
function breakable(name) {
  const element = make('b');
  name.split(/(?<=_)/).forEach((piece) => element.append(piece, make('wbr')));
  return element;
}

/* ---- which bytes are which field's ---- */

/* The fields of a message and those inside them, in order: {field, depth, id}. The message number is field 0. */
function flatFields(event) {
  const flat = [
    { field: { name: 'message number', type: 'byte', at: 0, len: 1, value: event.number }, depth: 0, id: 0 },
  ];
  const walk = (fields, depth) => {
    for (const field of fields) {
      flat.push({ field, depth, id: flat.length });
      if (Array.isArray(field.fields)) walk(field.fields, depth + 1);
    }
  };
  walk(event.fields, 0);
  return flat;
}

const HAS_LENGTH = new Set(['string', 'name-list', 'mpint']);

/* For each byte of `length`: the id of its field + 1, negative if it is part of a length. 0: no field's. */
function ownersOfPayload(flat, length) {
  const owners = new Int32Array(length);
  for (const { field, id } of flat) {
    if (typeof field.at !== 'number' || typeof field.len !== 'number') continue;
    const end = Math.min(length, field.at + field.len);
    owners.fill(id + 1, Math.min(length, field.at), end);
    if (HAS_LENGTH.has(field.type)) owners.fill(-(id + 1), Math.min(length, field.at), Math.min(end, field.at + 4));
  }
  return owners;
}

/* The parts of a packet: RFC 4253 section 6, RFC 5647 section 7.3, OpenSSH's PROTOCOL and PROTOCOL.chacha20poly1305. */
function partsOfPacket(row) {
  const event = row.event,
    total = event.packet_length || (event.packet || '').length / 2,
    protection = row.protection;
  if (!protection) {
    const padding = 5 + event.length;
    return [
      { name: 'packet length', at: 0, len: 4 },
      { name: 'padding length', at: 4, len: 1 },
      { name: 'payload', at: 5, len: event.length, isPayload: true },
      { name: 'random padding', at: padding, len: Math.max(0, total - padding) },
    ].filter((part) => part.len > 0);
  }
  const isChacha = protection.cipher.startsWith('chacha20'),
    isGcm = protection.cipher.includes('gcm');
  const isEtm = protection.mac.includes('-etm@');
  const tag = isChacha || isGcm ? TAG_LENGTH : MAC_LENGTHS[protection.mac.replace(/-etm@.*/, '')] || 0;
  const lengthName = isChacha ? 'packet length, encrypted on its own' : 'packet length, not encrypted';
  const hasLength = isChacha || isGcm || isEtm;
  return [
    ...(hasLength ? [{ name: lengthName, at: 0, len: 4 }] : []),
    {
      name: 'encrypted',
      at: hasLength ? 4 : 0,
      len: Math.max(0, total - tag - (hasLength ? 4 : 0)),
      isEncrypted: true,
    },
    { name: isChacha || isGcm ? 'authentication tag' : 'MAC', at: total - tag, len: tag },
  ].filter((part) => part.len > 0);
}

/* As ownersOfPayload; ids of parts follow those of the fields. An unencrypted payload keeps the colours of its fields. */
function ownersOfPacket(parts, firstId, payloadOwners, length) {
  const owners = new Int32Array(length);
  parts.forEach((part, i) => {
    if (part.isPayload) {
      owners.set(payloadOwners.subarray(0, Math.max(0, length - part.at)), Math.min(length, part.at));
    } else {
      owners.fill(firstId + i + 1, Math.min(length, part.at), Math.min(length, part.at + part.len));
    }
  });
  return owners;
}

/* ---- the view of bytes ---- */

function colourClass(id, parts) {
  const part = parts && parts[id];
  if (part && part.isEncrypted) return 'encrypted';
  return `f${id % COLOURS}`;
}

class HexView {
  /* hex: the text, "--" for secret bytes. owners: as above. colours(id): the class of a field. bare: without the characters. */
  constructor(hex, owners, colours, bare) {
    this.hex = hex;
    this.owners = owners;
    this.colours = colours;
    this.bare = bare;
    this.element = make('div', bare ? 'hex bare' : 'hex');
    this.element.setAttribute('role', 'group');
    this.element.tabIndex = 0;
    this.rows = Math.ceil(hex.length / 2 / BYTES_PER_ROW);
    this.element.style.height = `${Math.min(this.rows, 16) * HEX_ROW_HEIGHT + 2}px`;
    this.list = null;
  }

  /* When the element is in the document. */
  start() {
    this.list = new VirtualList(this.element, HEX_ROW_HEIGHT, (row, index) => this.drawRow(row, index));
    this.list.setCount(this.rows);
  }

  stop() {
    if (this.list) this.list.stop();
  }

  showByte(at) {
    if (this.list) this.list.show(Math.floor(at / BYTES_PER_ROW));
  }

  drawRow(row, index) {
    const first = index * BYTES_PER_ROW,
      end = Math.min(first + BYTES_PER_ROW, this.hex.length / 2);
    const bytes = make('span', 'bytes'),
      text = make('span', 'ascii');
    row.append(make('span', 'offset', first.toString(16).padStart(4, '0')), bytes);
    if (!this.bare) row.append(text);
    for (let at = first; at < end;) {
      let to = at + 1;
      while (to < end && this.owners[to] === this.owners[at]) to++;
      this.drawRun(bytes, text, at, to, to === end);
      at = to;
    }
  }

  drawRun(bytes, text, from, to, isLast) {
    const owner = this.owners[from],
      id = Math.abs(owner) - 1;
    let hex = '',
      ascii = '';
    for (let at = from; at < to; at++) {
      const pair = this.hex.slice(2 * at, 2 * at + 2),
        code = parseInt(pair, 16);
      hex += at + 1 < to ? `${pair} ` : pair;
      ascii += pair !== '--' && code > 0x20 && code < 0x7f ? String.fromCharCode(code) : pair === '--' ? '-' : '·';
    }
    for (const [parent, content] of [
      [bytes, hex],
      [text, ascii],
    ]) {
      const run = make(
        'span',
        owner === 0 ? 'run' : `run ${this.colours(id)}${owner < 0 ? ' is-length' : ''}`,
        content,
      );
      if (owner !== 0) run.dataset.field = id;
      parent.append(run);
    }
    if (!isLast) bytes.append(' ');
  }
}

/* ---- the values of fields ---- */

const VALUE_MAX = 2000; /* characters */
const HEX_MAX = 96;

function cutText(text, max) {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}

function drawNames(value, field) {
  const at = field.list.indexOf(field.chosen);
  value.classList.add('names');
  if (at < 0) {
    value.textContent = cutText(visible(field.list.join(', ')), VALUE_MAX) || 'empty';
    return;
  }
  const before = cutText(visible(field.list.slice(0, at).join(', ')), VALUE_MAX);
  const after = cutText(visible(field.list.slice(at + 1).join(', ')), VALUE_MAX);
  value.append(before ? `${before}, ` : '', make('mark', 'chosen', visible(field.chosen)), after ? `, ${after}` : '');
}

/* A value as text nodes. Nothing from a peer is ever parsed as markup. */
function drawValue(value, field) {
  if (Array.isArray(field.fields)) {
    value.textContent = ''; /* the fields inside follow */
  } else if (field.secret) {
    value.append(make('span', 'secret', `secret, ${bytesText(field.len)}`));
  } else if (Array.isArray(field.list)) {
    drawNames(value, field);
  } else if (field.text !== undefined) {
    value.textContent = quoted(field.text, VALUE_MAX);
  } else if (field.value !== undefined) {
    value.textContent = String(field.value);
    if (field.code) value.append(' ', make('span', 'code-name', field.code));
  } else if (field.hex !== undefined) {
    value.classList.add('mono');
    value.textContent = cutText(field.hex, HEX_MAX) || 'empty';
  } else if (field.why === undefined) {
    value.textContent = 'not in the trace';
    value.classList.add('missing');
  }
  if (field.why) value.append(make('span', 'why', field.why));
}
