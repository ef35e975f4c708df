'use strict';

/* The trace as the page shows it. readTrace turns the lines of a trace (nacre-trace(5)) into connections; each has its rows, its
 * phases and its channels with their windows. Nothing here touches the document. */

const KEX_FIRST = 20,
  KEX_LAST = 49,
  AUTH_FIRST = 50,
  AUTH_LAST = 79,
  CONNECTION_FIRST = 80,
  PING_FIRST = 192;

/* Lengths of the MACs of RFC 4253 section 6.4, RFC 6668 and OpenSSH's PROTOCOL */
const MAC_LENGTHS = {
  'hmac-sha1': 20,
  'hmac-sha2-256': 32,
  'hmac-sha2-512': 64,
};
const TAG_LENGTH = 16; /* of AES-GCM and Poly1305 */

function otherSide(side) {
  return side === 'client' ? 'server' : 'client';
}

function fieldOf(event, name) {
  return event.fields.find((field) => field.name === name);
}

function numberIn(event, name) {
  const field = fieldOf(event, name);
  return field && typeof field.value === 'number' ? field.value : null;
}

function textIn(event, name) {
  const field = fieldOf(event, name);
  return field && field.text !== undefined ? field.text : null;
}

function shortName(name) {
  return name.replace(/^SSH_MSG_/, '');
}

function groupOf(number) {
  if (number >= KEX_FIRST && number <= KEX_LAST) return 'kex';
  if (number >= AUTH_FIRST && number <= AUTH_LAST) return 'auth';
  return number >= CONNECTION_FIRST && number < PING_FIRST ? 'connection' : 'transport';
}

/* Name and summary of the events that are no messages. */
const NOTES = {
  open: (event) => ['connected', event.peer || ''],
  negotiated: (event) => ['algorithms chosen', `${event.kex || ''}, ${event.host_key || ''}`],
  mismatch: (event) => ['no algorithm in common', event.kind || ''],
  hash: (event) => ['exchange hash', event.H ? `H = ${event.H.slice(0, 16)}…` : ''],
  secret: (event) => [`secret ${event.label}`, ''],
  limited: (event) => ['limit reached', event.limit || ''],
  gap: (event) => [
    event.messages === 1 ? '1 message is missing' : `${event.messages} messages are missing`,
    'the trace’s reader was too slow',
  ],
  close: (event) => ['closed', [event.why, event.text].filter(Boolean).join(': ')],
};

class Connection {
  constructor(header, event) {
    this.program = header.program || 'unknown program';
    this.version = header.version || '';
    this.started = header.time || '';
    this.number = event.conn;
    this.role = event.role || 'server';
    this.local = event.local || '';
    this.peer = event.peer || '';
    this.first = event.us;
    this.last = event.us;
    this.rows = [];
    this.phases = []; /* {phase, row}: from which row on */
    this.rekeys = []; /* rows */
    this.channels = [];
    this.names = new Map();
    this.negotiated = null;
    this.secrets = Boolean(header.secrets);
    this.identifications = {};
    this.phase = 'version';
    this.newkeys = 0;
    this.inExchange = false;
    this.protection = { client: null, server: null };
    this.byNumber = { client: new Map(), server: new Map() }; /* open channels, by the number that this side chose */
  }

  sideOf(direction) {
    return direction === 'out' ? this.role : otherSide(this.role);
  }

  addRow(kind, event, more) {
    const row = {
      kind,
      event,
      us: event.us,
      since: event.us - this.first,
      phase: this.phase,
      index: this.rows.length,
      channel: null,
      ...more,
    };
    const last = this.phases[this.phases.length - 1];
    if (!last || last.phase !== row.phase) this.phases.push({ phase: row.phase, row: row.index });
    this.rows.push(row);
    return row;
  }

  add(event) {
    this.last = Math.max(this.last, event.us);
    if (event.event === 'message') {
      this.addMessage(event);
    } else if (event.event === 'phase') {
      this.phase = event.phase;
    } else if (event.event === 'identification' || event.event === 'line') {
      const side = this.sideOf(event.dir);
      if (event.event === 'identification') this.identifications[side] = event.text;
      this.addRow('identification', event, { side, name: event.event, summary: event.text });
    } else {
      if (event.event === 'negotiated') this.negotiated = event;
      const describe = Object.hasOwn(NOTES, event.event) ? NOTES[event.event] : () => [String(event.event), ''];
      const kind = Object.hasOwn(NOTES, event.event) ? event.event : 'other';
      const [name, summary] = describe(event);
      this.addRow(kind, event, { name, summary });
    }
  }

  addMessage(event) {
    const side = this.sideOf(event.dir);
    if (event.phase) this.phase = event.phase;
    event.fields = event.fields || []; /* "truncated": the line was too long */
    if (event.number === 20 && this.newkeys >= 2 && !this.inExchange) {
      this.rekeys.push(this.rows.length);
      this.addRow('rekey', event, { name: 'rekey', summary: '' });
      this.inExchange = true;
    }
    event.name = event.name || `message ${event.number}`;
    const row = this.addRow('message', event, {
      side,
      name: event.name,
      group: groupOf(event.number),
      protection: this.protection[side],
      malformed: Boolean(event.malformed),
    });
    row.channel = this.follow(event, side, row);
    row.summary = summaryOf(event);
    this.names.set(event.name, (this.names.get(event.name) || 0) + 1);
    if (event.number === 21) this.changeKeys(side);
  }

  /* NEWKEYS: later packets of this side are protected by what was negotiated. */
  changeKeys(side) {
    this.newkeys++;
    if (this.newkeys % 2 === 0) this.inExchange = false;
    if (this.negotiated) {
      const way = side === 'client' ? 'client_to_server' : 'server_to_client';
      this.protection[side] = {
        cipher: this.negotiated[`cipher_${way}`] || '',
        mac: this.negotiated[`mac_${way}`] || '',
      };
    }
  }

  /* ---- channels: RFC 4254 section 5 ---- */

  newChannel(type, opener, row) {
    const channel = {
      id: this.channels.length,
      type,
      opener,
      number: {},
      window: {},
      points: [],
      first: row.index,
      closed: {},
      data: { client: 0, server: 0 },
    };
    this.channels.push(channel);
    return channel;
  }

  setWindow(channel, side, value, row) {
    channel.window[side] = value;
    channel.points.push({ row: row.index, side, value });
  }

  open(event, side, row) {
    const channel = this.newChannel(textIn(event, 'channel type') || '', side, row);
    channel.number[side] = numberIn(event, 'sender channel');
    this.byNumber[side].set(channel.number[side], channel);
    this.setWindow(channel, otherSide(side), numberIn(event, 'initial window size') || 0, row);
    return channel;
  }

  confirm(event, side, row, channel) {
    channel.number[side] = numberIn(event, 'sender channel');
    this.byNumber[side].set(channel.number[side], channel);
    this.setWindow(channel, otherSide(side), numberIn(event, 'initial window size') || 0, row);
  }

  close(side, channel) {
    channel.closed[side] = true;
    if (!channel.closed.client || !channel.closed.server) return;
    for (const each of ['client', 'server']) {
      if (this.byNumber[each].get(channel.number[each]) === channel) this.byNumber[each].delete(channel.number[each]);
    }
  }

  /* The channel of a message, whose windows it may change. */
  follow(event, side, row) {
    if (event.number === 90) return this.open(event, side, row);
    if (event.number < 91 || event.number > 100) return null;
    const recipient = numberIn(event, 'recipient channel');
    if (recipient === null) return null;
    let channel = this.byNumber[otherSide(side)].get(recipient);
    if (!channel) {
      /* its CHANNEL_OPEN is not in the trace */
      channel = this.newChannel('', null, row);
      channel.number[otherSide(side)] = recipient;
      this.byNumber[otherSide(side)].set(recipient, channel);
    }
    this.change(event, side, row, channel);
    return channel;
  }

  change(event, side, row, channel) {
    const data = fieldOf(event, 'data');
    if (event.number === 91) {
      this.confirm(event, side, row, channel);
    } else if (event.number === 92) {
      this.byNumber[otherSide(side)].delete(channel.number[otherSide(side)]);
    } else if (event.number === 93) {
      const before = channel.window[otherSide(side)];
      if (before !== undefined)
        this.setWindow(channel, otherSide(side), before + (numberIn(event, 'bytes to add') || 0), row);
    } else if ((event.number === 94 || event.number === 95) && data) {
      const bytes = Math.max(0, (data.len || 4) - 4);
      channel.data[side] += bytes;
      if (channel.window[side] !== undefined) this.setWindow(channel, side, channel.window[side] - bytes, row);
    } else if (event.number === 97) {
      this.close(side, channel);
    }
  }
}

function channelName(channel) {
  const { client, server } = channel.number;
  const numbers =
    client === server || server === undefined || client === undefined
      ? `${client === undefined ? server : client}`
      : `${client}/${server}`;
  return `${numbers} ${channel.type}`.trim();
}

/* ---- one line about a message ---- */

const SUMMARIES = {
  SSH_MSG_CHANNEL_REQUEST: ['command', 'subsystem name'],
  SSH_MSG_USERAUTH_REQUEST: ['user name', 'method name'],
  SSH_MSG_USERAUTH_FAILURE: ['authentications that can continue'],
  SSH_MSG_SERVICE_REQUEST: ['service name'],
  SSH_MSG_SERVICE_ACCEPT: ['service name'],
  SSH_MSG_DISCONNECT: ['description'],
  SSH_MSG_DEBUG: ['message'],
  SSH_MSG_CHANNEL_OPEN_FAILURE: ['description'],
};
const SUMMARY_MAX = 80;

function summaryOf(event) {
  const parts = event.kind && event.number !== 50 ? [event.kind] : [];
  for (const name of SUMMARIES[event.name] || []) {
    const field = fieldOf(event, name);
    if (field && field.text) parts.push(field.text);
    else if (field && field.list) parts.push(field.list.join(','));
  }
  if (event.number === 93) parts.push(`+${sizeText(numberIn(event, 'bytes to add') || 0)}`);
  const data = fieldOf(event, 'data');
  if (data && (event.number === 94 || event.number === 95))
    parts.push(data.text ? quoted(data.text, SUMMARY_MAX) : bytesText(data.len - 4));
  if (event.malformed) parts.push('malformed');
  return visible(parts.join(' · ').slice(0, SUMMARY_MAX));
}

/* ---- texts ---- */

const NAMED_CONTROLS = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' };

/* Control characters, and those that change the direction of text or have no width, become visible. */
function visible(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => NAMED_CONTROLS[c] || `\\u{${c.codePointAt(0).toString(16)}}`,
  );
}

function quoted(text, max) {
  const cut = text.length > max;
  return `“${visible(text.slice(0, max))}${cut ? '…' : ''}”`;
}

function sizeText(bytes) {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ]) {
    if (bytes >= size) return `${Number((bytes / size).toFixed(bytes % size === 0 ? 0 : 1))} ${unit}`;
  }
  return bytesText(bytes);
}

function bytesText(count) {
  return `${count} byte${count === 1 ? '' : 's'}`;
}

function timeText(us) {
  return (us / 1e6).toFixed(6);
}

/* What the search looks through: every name, text and hex of a row, in lower case. */
function haystack(row) {
  if (row.hay === undefined) {
    const parts = [row.name, row.summary, row.event.section || '', row.event.phase || ''];
    const collect = (value) => {
      if (typeof value === 'string' || typeof value === 'number') parts.push(String(value));
      else if (Array.isArray(value)) value.forEach(collect);
      else if (value) Object.values(value).forEach(collect);
    };
    collect(row.event.fields || row.event);
    parts.push(row.event.payload || '', row.event.bytes || '');
    row.hay = parts.join('\n').toLowerCase();
  }
  return row.hay;
}

/* ---- the whole trace ---- */

function readTrace(events) {
  const connections = [];
  let header = {},
    open = new Map();
  for (const event of events) {
    if (event.trace !== undefined) {
      header = event;
      open = new Map();
    } else if (event.conn === undefined) {
      for (const connection of open.values()) connection.add(event);
    } else {
      if (!open.has(event.conn) || event.event === 'open') {
        const connection = new Connection(header, event);
        open.set(event.conn, connection);
        connections.push(connection);
      }
      open.get(event.conn).add(event);
    }
  }
  return { connections, secrets: events.some((event) => event.secrets || event.event === 'secret') };
}
