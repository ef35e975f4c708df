/* Traces for the tests of the page: sessions made up of real messages, encoded here field by field, with nothing negotiated or
 * encrypted for real. */

const encoder = new TextEncoder();
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const u32 = (n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

/* Bytes that look random and are the same each time. */
function noise(length, seed) {
  let state = seed * 2654435761 + 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

const ENCODE = {
  byte: (v) => [v],
  boolean: (v) => [v ? 1 : 0],
  uint32: (v) => u32(v),
  string: (v) => {
    const bytes = typeof v === 'string' ? [...encoder.encode(v)] : v;
    return [...u32(bytes.length), ...bytes];
  },
  'name-list': (v) => {
    const bytes = [...encoder.encode(v.join(','))];
    return [...u32(bytes.length), ...bytes];
  },
  bytes: (v) => v,
};

function fieldOf([type, name, value, more], at) {
  const bytes = ENCODE[type](value);
  const shown = Array.isArray(value)
    ? type === 'name-list'
      ? { list: value }
      : { hex: toHex(value) }
    : typeof value === 'string'
      ? { text: value }
      : { value };
  const field = {
    name,
    type: type === 'bytes' ? `byte[${value.length}]` : type,
    at,
    len: bytes.length,
    ...shown,
    ...more,
  };
  if (field.secret) delete field.text;
  return [field, bytes];
}

export const KEX = ['sntrup761x25519-sha512', 'curve25519-sha256', 'ext-info-c', 'kex-strict-c-v00@openssh.com'];
const CIPHERS = ['chacha20-poly1305@openssh.com', 'aes256-gcm@openssh.com', 'aes256-ctr'];

/* What a field makes of the message, as nacre-trace(5) has it. */
function kindOf(name, fields) {
  const key = fields.find((field) =>
    ['request type', 'channel type', 'request name', 'method name'].includes(field.name),
  );
  return key ? { kind: key.text } : {};
}

export class Session {
  constructor(conn = 1, us = 0) {
    this.conn = conn;
    this.us = us;
    this.phase = 'version';
    this.seq = { in: 0, out: 0 };
    this.keys = { in: false, out: false };
    this.events = [];
    this.seed = conn;
    this.put({ event: 'open', role: 'server', local: '127.0.0.1:2022', peer: `127.0.0.1:${40000 + conn}` });
  }

  put(event) {
    this.us += 7 + ((this.events.length * 37) % 190);
    this.events.push({ us: this.us, conn: this.conn, ...event });
    return this;
  }

  wait(us) {
    this.us += us;
    return this;
  }

  enter(phase) {
    this.phase = phase;
    return this.put({ event: 'phase', phase });
  }

  identification(dir, text) {
    return this.put({ event: 'identification', dir, text, bytes: toHex([...encoder.encode(text), 13, 10]) });
  }

  message(dir, number, name, section, fields, more = {}) {
    const payload = [number],
      described = [];
    for (const each of fields) {
      const [field, bytes] = fieldOf(each, payload.length);
      described.push(field);
      payload.push(...bytes);
    }
    const padding = 4 + ((8 - ((payload.length + 5 + 4) % 8)) % 8),
      length = payload.length + padding + 1;
    const packet = this.keys[dir]
      ? noise(length + 4 + 16, ++this.seed)
      : [...u32(length), padding, ...payload, ...noise(padding, ++this.seed)];
    if (this.keys[dir]) packet.splice(0, 4, ...u32(length));
    const secret = described.filter((field) => field.secret);
    let hex = toHex(payload),
      cut = 0;
    for (const { at, len } of secret)
      hex = hex.slice(0, 2 * (at + 4)) + '--'.repeat(len - 4) + hex.slice(2 * (at + len));
    if (payload.length > 4096) {
      cut = payload.length - 80;
      hex = hex.slice(0, 160);
    }
    this.put({
      event: 'message',
      dir,
      seq: this.seq[dir]++,
      phase: this.phase,
      number,
      name: `SSH_MSG_${name}`,
      section,
      length: payload.length,
      fields: described,
      payload: hex,
      cut,
      ...kindOf(name, described),
      packet: toHex(cut ? packet.slice(0, 80) : packet),
      packet_length: packet.length,
      ...more,
    });
    if (number === 21) this.keys[dir] = true;
    return this;
  }

  kexinit(dir) {
    const lists = [
      ['kex_algorithms', KEX, 1],
      ['server_host_key_algorithms', ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'], 0],
      ['encryption_algorithms_client_to_server', CIPHERS, 1],
      ['encryption_algorithms_server_to_client', CIPHERS, 1],
      ['mac_algorithms_client_to_server', ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-256'], -1],
      ['mac_algorithms_server_to_client', ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-256'], -1],
      ['compression_algorithms_client_to_server', ['none', 'zlib@openssh.com'], 0],
      ['compression_algorithms_server_to_client', ['none', 'zlib@openssh.com'], 0],
      ['languages_client_to_server', [], -1],
      ['languages_server_to_client', [], -1],
    ];
    return this.message(dir, 20, 'KEXINIT', 'RFC 4253 7.1', [
      ['bytes', 'cookie', noise(16, ++this.seed)],
      ...lists.map(([name, list, chosen]) => [
        'name-list',
        name,
        list,
        chosen < 0 ? {} : { chosen: list[chosen], why: 'the first of the client’s that the server has' },
      ]),
      ['boolean', 'first_kex_packet_follows', false],
      ['uint32', 'reserved', 0],
    ]);
  }

  exchange(rekey) {
    this.phase = rekey ? 'connection' : 'kexinit';
    this.kexinit('out').kexinit('in');
    this.put({
      event: 'negotiated',
      kex: 'curve25519-sha256',
      host_key: 'ssh-ed25519',
      cipher_client_to_server: 'aes256-gcm@openssh.com',
      cipher_server_to_client: 'aes256-gcm@openssh.com',
      mac_client_to_server: null,
      mac_server_to_client: null,
      strict: true,
    });
    this.enter(rekey ? 'rekey' : 'kex').message('in', 30, 'KEX_ECDH_INIT', 'RFC 8731 3', [
      ['string', 'Q_C', noise(32, 5)],
    ]);
    this.put({
      event: 'hash',
      hash: 'SHA-256',
      inputs: [
        { name: 'V_C', type: 'string', len: 44, text: 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7' },
        { name: 'Q_C', type: 'string', len: 36, hex: toHex(noise(32, 5)) },
        { name: 'K', type: 'mpint', len: 37, secret: true },
      ],
      H: toHex(noise(32, 9)),
      session_id: toHex(noise(32, 9)),
    });
    this.message('out', 31, 'KEX_ECDH_REPLY', 'RFC 8731 3', [
      [
        'string',
        'K_S',
        [...u32(11), ...encoder.encode('ssh-ed25519'), ...u32(32), ...noise(32, 6)],
        {
          fields: [
            { name: 'algorithm', type: 'string', at: 5, len: 15, text: 'ssh-ed25519' },
            { name: 'public key', type: 'string', at: 20, len: 36, hex: toHex(noise(32, 6)) },
          ],
        },
      ],
      ['string', 'Q_S', noise(32, 7)],
      ['string', 'signature', noise(83, 8)],
    ]);
    this.message('out', 21, 'NEWKEYS', 'RFC 4253 7.3', []);
    return this.enter(rekey ? 'rekey-newkeys' : 'newkeys')
      .message('in', 21, 'NEWKEYS', 'RFC 4253 7.3', [])
      .enter(rekey ? 'connection' : 'first');
  }

  login(user = 'alice') {
    this.identification('out', 'SSH-2.0-nacre_0.1')
      .identification('in', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7')
      .exchange(false);
    this.message('in', 5, 'SERVICE_REQUEST', 'RFC 4253 10', [['string', 'service name', 'ssh-userauth']])
      .message('out', 6, 'SERVICE_ACCEPT', 'RFC 4253 10', [['string', 'service name', 'ssh-userauth']])
      .enter('auth');
    const request = [
      ['string', 'user name', user],
      ['string', 'service name', 'ssh-connection'],
    ];
    this.message('in', 50, 'USERAUTH_REQUEST', 'RFC 4252 5.2', [...request, ['string', 'method name', 'none']]);
    this.message('out', 51, 'USERAUTH_FAILURE', 'RFC 4252 5.1', [
      ['name-list', 'authentications that can continue', ['publickey', 'password']],
      ['boolean', 'partial success', false],
    ]);
    this.wait(240000).message('in', 50, 'USERAUTH_REQUEST', 'RFC 4252 8', [
      ...request,
      ['string', 'method name', 'password'],
      ['boolean', 'FALSE', false],
      ['string', 'password', 'mother-of-pearl', { secret: true }],
    ]);
    return this.message('out', 52, 'USERAUTH_SUCCESS', 'RFC 4252 5.1', []).enter('connection');
  }

  open(client, server, command) {
    this.message('in', 90, 'CHANNEL_OPEN', 'RFC 4254 5.1', [
      ['string', 'channel type', 'session'],
      ['uint32', 'sender channel', client],
      ['uint32', 'initial window size', 2097152],
      ['uint32', 'maximum packet size', 32768],
    ]);
    this.message('out', 91, 'CHANNEL_OPEN_CONFIRMATION', 'RFC 4254 5.1', [
      ['uint32', 'recipient channel', client],
      ['uint32', 'sender channel', server],
      ['uint32', 'initial window size', 65536],
      ['uint32', 'maximum packet size', 32768],
    ]);
    this.message('in', 98, 'CHANNEL_REQUEST', 'RFC 4254 6.5', [
      ['uint32', 'recipient channel', server],
      ['string', 'request type', 'exec'],
      ['boolean', 'want reply', true],
      ['string', 'command', command],
    ]);
    return this.message('out', 99, 'CHANNEL_SUCCESS', 'RFC 4254 5.4', [['uint32', 'recipient channel', client]]);
  }

  data(dir, channel, data) {
    return this.message(dir, 94, 'CHANNEL_DATA', 'RFC 4254 5.2', [
      ['uint32', 'recipient channel', channel],
      ['string', 'data', data],
    ]);
  }

  adjust(dir, channel, bytes) {
    return this.message(dir, 93, 'CHANNEL_WINDOW_ADJUST', 'RFC 4254 5.2', [
      ['uint32', 'recipient channel', channel],
      ['uint32', 'bytes to add', bytes],
    ]);
  }

  close(client, server) {
    for (const [number, name] of [
      [96, 'CHANNEL_EOF'],
      [97, 'CHANNEL_CLOSE'],
    ]) {
      this.message('in', number, name, 'RFC 4254 5.3', [['uint32', 'recipient channel', server]]);
      this.message('out', number, name, 'RFC 4254 5.3', [['uint32', 'recipient channel', client]]);
    }
    return this;
  }

  end(why = 'peer closed') {
    return this.put({ event: 'close', why });
  }
}

export function trace(...sessions) {
  const header = {
    trace: 1,
    program: 'nacre-echo',
    version: '0.1',
    time: '2026-11-29T16:00:00.000000Z',
    secrets: false,
    data: 64,
  };
  const events = sessions.flatMap((session) => session.events).sort((a, b) => a.us - b.us);
  return [header, ...events].map((event) => `${JSON.stringify(event)}\n`).join('');
}

/* A login, a command whose data empties the window again and again, and a rekey in the middle. */
export function ordinary(conn = 1, us = 0) {
  const session = new Session(conn, us).login().open(0, 0, 'cat notes.txt');
  for (let i = 0; i < 30; i++) {
    session.data('in', 0, noise(12000, i)).data('out', 0, `line ${i}\n`);
    if (i % 4 === 3) session.adjust('out', 0, 48000);
    if (i === 14) session.exchange(true);
  }
  session.data('out', 0, 'done\r\n').put({ event: 'gap', messages: 17 });
  return session.close(0, 0).end();
}

/* Everything that a peer chooses contains markup. */
export const HOSTILE =
  '</script><script>document.title="hacked"</script><img src=x onerror="document.title=\'hacked\'"><b>&lt;\u202e';

export function hostile() {
  const session = new Session().login(HOSTILE).open(0, 0, HOSTILE).data('in', 0, HOSTILE);
  session.message('in', 98, `${HOSTILE}`, HOSTILE, [
    ['string', HOSTILE, HOSTILE],
    ['name-list', 'names', [HOSTILE, 'x'], { chosen: HOSTILE, why: HOSTILE }],
  ]);
  session.put({ event: HOSTILE, note: HOSTILE });
  session.put({ event: 'phase', phase: HOSTILE });
  session.message('in', 2, 'IGNORE', 'RFC 4253 11.2', [['string', 'data', HOSTILE]]);
  return session.end(HOSTILE);
}

/* Many channels of one connection, and many connections. */
export function crowd(channels, connections) {
  const first = new Session(1).login();
  for (let i = 0; i < channels; i++) first.open(i, i, 'true').data('out', i, `${i}\n`);
  return [first, ...Array.from({ length: connections - 1 }, (_, i) => new Session(i + 2).end())];
}

/* `count` messages or a few more, with a rekey now and then. */
export function long(count) {
  const session = new Session().login().open(0, 0, 'cat');
  for (let i = 0; session.seq.in + session.seq.out < count; i++) {
    session.data('in', 0, `keystroke ${i}\n`).data('out', 0, `echo ${i}\r\n`);
    if (i % 900 === 899) session.exchange(true);
    if (i % 50 === 49) session.adjust('out', 0, 600);
  }
  return session.close(0, 0).end();
}
