/* The page of nacre-trace in headless Chromium. "make browser-packages" installs what it needs. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Browser, elements, text } from './browser.mjs';
import * as traces from './traces.mjs';

const browser = new Browser();
const files = {};

before(async () => {
  await browser.start();
  files.ordinary = browser.build('ordinary', traces.trace(traces.ordinary(1), traces.ordinary(2, 100000)));
  files.hostile = browser.build('hostile', traces.trace(traces.hostile()));
  files.real = browser.build('real', fs.readFileSync('tests/fuzz/corpus/trace/real.json', 'utf8'));
  files.long = browser.build('long', traces.trace(traces.long(10000)));
});
after(() => browser.stop());

/* Open, run, and check that nothing was loaded or went wrong. */
async function on(name, options, run) {
  const page = await browser.open(files[name], options);
  await run(page);
  assert.deepEqual(page.mistakes, []);
  assert.deepEqual(page.requests, [`file://${files[name]}`]);
  await page.context().close();
}

const row = (page, name, nth = 0) => page.locator('#list .row', { hasText: name }).nth(nth);
const selected = (page) => text(page, '#list .selected .name');
const fields = (page) => page.locator('#detail .field b').allInnerTexts();

test('a session is shown with its facts and its ladder', () =>
  on('ordinary', {}, async (page) => {
    assert.equal(await text(page, 'h1'), 'nacre-echo 0.1');
    assert.match(await text(page, '#facts'), /curve25519-sha256[^]*aes256-gcm@openssh\.com[^]*rekeys\s+1/);
    assert.equal(await page.locator('#warning').isHidden(), true);
    assert.match(await text(page, '#list'), /kexinit\s+0\.\d{6}\s+KEXINIT/);
    assert.equal(await row(page, 'KEXINIT').getAttribute('data-phase'), 'kex');
  }));

test('a click shows fields, bytes, section and handler', () =>
  on('ordinary', {}, async (page) => {
    await row(page, 'USERAUTH_FAILURE').click();
    assert.deepEqual(await fields(page), ['message number', 'authentications that can continue', 'partial success']);
    assert.match(await text(page, '#detail'), /server → client/);
    assert.equal(
      await page.locator('#detail a').getAttribute('href'),
      'https://www.rfc-editor.org/rfc/rfc4252#section-5.1',
    );
    assert.match(await text(page, '.references'), /sent by send_failure in auth\/reply\.c/);
    assert.match(await text(page, '.byte-view >> nth=0'), /^Payload 24 bytes\s+0000\s+33 00 00 00 12/);
    assert.match(
      await text(page, '.byte-view >> nth=1'),
      /^Encrypted packet 56 bytes[^]*packet length, not encrypted[^]*authentication tag/,
    );
    const sideBySide = await page
      .locator('.columns > *')
      .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().top));
    assert.equal(new Set(sideBySide).size, 1);
  }));

test('a field and its bytes have one colour, and are marked together', () =>
  on('ordinary', {}, async (page) => {
    await row(page, 'USERAUTH_FAILURE').click();
    const field = page.locator('#detail .field').nth(1),
      run = page.locator('.bytes .run[data-field="1"]').last();
    const colour = (element) => getComputedStyle(element).backgroundColor;
    assert.equal(await run.evaluate(colour), await field.locator('.swatch').evaluate(colour));
    await field.hover();
    const marked = await page.locator('.byte-view >> nth=0').locator('.bytes .marked').allInnerTexts();
    assert.equal(
      marked.join(' ').replaceAll(/\s+/g, ' '),
      '00 00 00 12 70 75 62 6c 69 63 6b 65 79 2c 70 61 73 73 77 6f 72 64',
    );
    await run.hover();
    assert.equal(await page.locator('#detail .field.marked b').innerText(), 'authentications that can continue');
  }));

test('an unencrypted packet shows where its payload is', () =>
  on('ordinary', {}, async (page) => {
    await row(page, 'KEX_ECDH_INIT').click();
    assert.match(await text(page, '.byte-view >> nth=1'), /^Packet 48 bytes/);
    const parts = await page.locator('.parts li').allInnerTexts();
    assert.deepEqual(
      parts.map((part) => part.replaceAll(/\s+/g, ' ')),
      ['packet length 4', 'padding length 1', 'payload 37', 'random padding 6'],
    );
    assert.equal(await page.locator('.byte-view >> nth=1').locator('.run[data-field="0"]').first().innerText(), '1e');
  }));

test('the parts of a packet follow its cipher and MAC', () =>
  on('ordinary', {}, async (page) => {
    const lengths = (protection) =>
      page.evaluate(
        (p) => partsOfPacket({ event: { packet_length: 100, length: 10 }, protection: p }).map((part) => part.len),
        protection,
      );
    assert.deepEqual(await lengths(null), [4, 1, 10, 85]);
    assert.deepEqual(await lengths({ cipher: 'aes256-gcm@openssh.com', mac: '' }), [4, 80, 16]);
    assert.deepEqual(await lengths({ cipher: 'chacha20-poly1305@openssh.com', mac: '' }), [4, 80, 16]);
    assert.deepEqual(await lengths({ cipher: 'aes256-ctr', mac: 'hmac-sha2-512' }), [36, 64]);
    assert.deepEqual(await lengths({ cipher: 'aes256-ctr', mac: 'hmac-sha2-256-etm@openssh.com' }), [4, 64, 32]);
    assert.deepEqual(await lengths({ cipher: 'aes256-ctr', mac: 'hmac-sha1' }), [80, 20]);
  }));

test('name-lists mark what was chosen, and why', () =>
  on('ordinary', {}, async (page) => {
    await row(page, 'KEXINIT').click();
    assert.equal(
      await page.locator('#detail .field', { hasText: 'kex_algorithms' }).locator('mark').innerText(),
      'curve25519-sha256',
    );
    assert.match(await text(page, '#detail'), /first of the client’s that the server has/);
  }));

test('a secret is a length', () =>
  on('ordinary', {}, async (page) => {
    await page.locator('#search').fill('· password');
    await page.keyboard.press('Enter');
    assert.match(await text(page, '#detail'), /password string\s+19\s+secret, 19 bytes/);
    assert.match(await text(page, '.byte-view >> nth=0'), /-- -- --/);
  }));

test('the exchange hash shows its inputs', () =>
  on('ordinary', {}, async (page) => {
    await row(page, 'exchange hash').click();
    assert.deepEqual(await fields(page), ['V_C', 'Q_C', 'K', 'H', 'session id']);
  }));

test('a search steps through its matches, in texts and in hex', () =>
  on('ordinary', {}, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('line 1');
    assert.equal(await text(page, '#matches'), '– of 11');
    await page.keyboard.press('Enter');
    assert.equal(await text(page, '#matches'), '1 of 11');
    assert.match(await text(page, '#list .selected'), /“line 1\\n”/);
    await page.keyboard.press('Shift+Enter');
    assert.match(await text(page, '#list .selected'), /“line 19\\n”/);
    await page.locator('#search').fill('5e000000000000000800');
    assert.equal(await text(page, '#matches'), 'none');
    await page.locator('#search').fill('646f6e650d0a');
    await page.locator('#next').click();
    assert.match(await text(page, '#list .selected'), /“done\\r\\n”/);
  }));

test('filters show one kind of message, or one channel', () =>
  on('ordinary', {}, async (page) => {
    await page.locator('#name-filter').selectOption('SSH_MSG_CHANNEL_WINDOW_ADJUST');
    assert.match(await text(page, '#shown'), /^7 of \d+ rows$/);
    assert.deepEqual(new Set(await page.locator('#list .name').allInnerTexts()), new Set(['CHANNEL_WINDOW_ADJUST']));
    await page.locator('#name-filter').selectOption('');
    await page.locator('#channel-filter').selectOption({ label: '0 session' });
    assert.equal(await page.locator('#list .name').first().innerText(), 'CHANNEL_OPEN');
    await page.locator('#name-filter').selectOption('SSH_MSG_KEXINIT');
    assert.equal(await page.locator('#empty').isVisible(), true);
    await page.locator('#list').focus();
    await page.keyboard.press('Escape');
    assert.match(await text(page, '#shown'), /^\d+ rows$/);
  }));

test('each connection of a trace can be chosen', () =>
  on('ordinary', {}, async (page) => {
    assert.equal(await page.locator('#connection option').count(), 2);
    await page.locator('#connection').selectOption('1');
    assert.match(await text(page, '#subtitle'), /127\.0\.0\.1:40002/);
  }));

test('the keyboard reaches everything', () =>
  on('ordinary', {}, async (page) => {
    await page.locator('#list').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'j']) await page.keyboard.press(key);
    assert.equal(await selected(page), 'KEXINIT');
    await page.keyboard.press('k');
    assert.equal(await selected(page), 'identification');
    await page.keyboard.press('End');
    assert.equal(await selected(page), 'closed');
    await page.keyboard.press('PageUp');
    assert.notEqual(await selected(page), 'closed');
    await page.keyboard.press('Home');
    assert.equal(await selected(page), 'connected');
    assert.equal(
      await page.locator('#list').getAttribute('aria-activedescendant'),
      await page.locator('#list .selected').getAttribute('id'),
    );
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'detail');
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'list');
    await page.keyboard.press('?');
    assert.equal(await page.locator('#help').isVisible(), true);
  }));

test('the plot follows the windows, with rekeys and phases', () =>
  on('ordinary', {}, async (page) => {
    assert.equal(await page.locator('#plot .window').count(), 2);
    assert.match(await page.locator('#plot path.rekey').getAttribute('d'), /^M\d+ 0V\d+$/);
    assert.ok((await page.locator('#plot .phase').count()) >= 5);
    const windows = await page.evaluate(
      () => readTrace(JSON.parse(document.getElementById('trace').textContent)).connections[0].channels[0].window,
    );
    assert.deepEqual(windows, {
      client: 65536 - 30 * 12000 + 7 * 48000,
      server: 2097152 - [...Array(30).keys()].join('').length - 30 * 6 - 6,
    });
    await page.locator('#by-message').click();
    const box = await page.locator('#plot').boundingBox();
    await page.mouse.click(box.x + box.width - 13, box.y + 20);
    assert.equal(await selected(page), 'closed');
  }));

test('in a session with ssh, every byte of every message has a field', () =>
  on('real', {}, async (page) => {
    const rows = Number((await text(page, '#shown')).split(' ')[0]);
    await page.locator('#list').focus();
    for (let i = 0; i < rows; i++) {
      const name = await selected(page);
      const orphans = await page
        .locator('#detail .hex >> nth=0')
        .locator('.run:not([data-field])')
        .count()
        .catch(() => 0);
      assert.equal(orphans, 0, name);
      await page.keyboard.press('ArrowDown');
    }
    assert.equal(await selected(page), 'closed');
    assert.match(await text(page, '#facts'), /OpenSSH_9\.2p1[^]*sntrup761x25519-sha512[^]*chacha20-poly1305/);
  }));

test('what a peer sends is never markup', () =>
  on('hostile', {}, async (page) => {
    for (let i = 0; i < 40; i++) await page.keyboard.press('j');
    assert.equal(await page.title(), 'nacre-echo: SSH trace');
    assert.deepEqual(await page.evaluate(() => [document.scripts.length, document.images.length]), [3, 0]);
    for (const [name, shown] of [
      ['USERAUTH_REQUEST', 'user name'],
      ['CHANNEL_REQUEST', 'command'],
      ['CHANNEL_DATA', 'data'],
    ]) {
      await page.locator('#name-filter').selectOption(`SSH_MSG_${name}`);
      await page.locator('#list').focus();
      await page.keyboard.press('j');
      assert.ok(
        (await page.locator('#detail .field', { hasText: shown }).last().innerText()).includes(
          '</script><script>document.title="hacked"',
        ),
      );
    }
    await page.locator('#search').fill('</script>');
    assert.match(await text(page, '#matches'), /of \d+/);
    const html = fs.readFileSync(files.hostile, 'utf8');
    assert.equal(html.match(/<script/g).length, 3);
    assert.ok(!html.includes('<img'));
  }));

test('a script that did get into the page would not run', async () => {
  const file = path.join(browser.folder, 'injected.html');
  fs.writeFileSync(
    file,
    fs
      .readFileSync(files.ordinary, 'utf8')
      .replace('<main', '<script>document.title = "ran"</script><img src="https://localhost:9/x"><main'),
  );
  const page = await browser.open(file);
  assert.equal(await page.title(), 'nacre-echo: SSH trace');
  assert.ok(page.mistakes.some((message) => message.includes('Content Security Policy')));
});

test('ten thousand messages stay usable', () =>
  on('long', {}, async (page) => {
    const few = await browser.open(files.ordinary),
      limit = (await elements(few)) + 300;
    await few.context().close();
    const check = async (what) => {
      const now = await elements(page);
      assert.ok(now < limit, `${now} of ${limit} elements ${what}`);
    };
    await check('when loaded');
    assert.match(await text(page, '#shown'), /^100\d\d rows$/);
    const started = Date.now();
    await page.locator('#list').focus();
    await page.keyboard.press('End');
    assert.equal(await selected(page), 'closed');
    await check('at the end');
    await page.locator('#search').fill('keystroke 4321');
    await page.keyboard.press('Enter');
    assert.match(await text(page, '#list .selected'), /“keystroke 4321\\n”/);
    await page.locator('#name-filter').selectOption('SSH_MSG_CHANNEL_DATA');
    await page.locator('#list').evaluate((list) => {
      list.scrollTop = list.scrollHeight / 2;
    });
    await page.locator('#by-message').click();
    await check('in the middle, filtered');
    assert.ok(Date.now() - started < 10000, 'within ten seconds, on a busy machine too');
  }));

test('neither do many channels or connections add elements without end', async () => {
  files.crowd = browser.build('crowd', traces.trace(...traces.crowd(1000, 800)));
  await on('crowd', {}, async (page) => {
    assert.ok((await elements(page)) < 1200);
    assert.match(await text(page, '#plot-note'), /^996 more channels/);
    assert.match(await page.locator('#connection option').last().textContent(), /^600 more/);
    await page.locator('#list').focus();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'channel 999 session' }).click();
    assert.match(await text(page, '#shown'), /^5 of \d+ rows$/);
    assert.match(await text(page, '#plot'), /channel 999 session/);
  });
});

test('a list of a million rows keeps its last one within reach', () =>
  on('ordinary', {}, async (page) => {
    const last = await page.evaluate(() => {
      const viewport = document.createElement('div');
      viewport.style.cssText = 'position: fixed; inset: 0; height: 300px; overflow: auto';
      document.body.append(viewport);
      const list = new VirtualList(viewport, 40, (element, index) => {
        element.textContent = index;
      });
      list.setCount(1e6);
      list.show(999999);
      const row = [...viewport.querySelectorAll('.row')].find((each) => each.textContent === '999999');
      const { top } = row.getBoundingClientRect();
      viewport.remove();
      return top;
    });
    assert.ok(Math.abs(last - 260) < 2, `at ${last}`);
  }));

for (const scheme of ['light', 'dark']) {
  for (const width of [1280, 400]) {
    test(`it fits ${width} pixels, ${scheme}, with readable colours`, () =>
      on('ordinary', { width, scheme }, async (page) => {
        await page.mouse.move(width - 5, 5);
        await row(page, 'KEXINIT').click();
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
        const shot = await page.screenshot({ path: path.join(browser.folder, `${scheme}-${width}.png`) });
        assert.ok(shot.length > 20000);
        const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(dark, scheme === 'dark' ? 'rgb(20, 22, 26)' : 'rgb(251, 250, 248)');
        assert.deepEqual(await page.evaluate(tooFaint), []);
        assert.deepEqual(await page.evaluate(cutOff), []);
      }));
  }
}

/* Texts with less contrast than WCAG 2's level AA asks for, 4.5. */
function tooFaint() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) =>
    channels(colour)
      .slice(0, 3)
      .map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  return [
    ...document.querySelectorAll(
      '.time, .name, .summary, .offset, .len, .type, .value, .why, .code, dt, dd, .bytes .run:not(.is-length), .references *, h3 *',
    ),
  ]
    .filter((element) => element.textContent.trim() && element.getClientRects().length > 0)
    .map((element) => [light(getComputedStyle(element).color), light(behind(element)), element.className])
    .map(([a, b, name]) => [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), name])
    .filter(([ratio]) => ratio < 4.5)
    .map(String);
}

/* Names of messages that do not fit. */
function cutOff() {
  return [...document.querySelectorAll('#list .arrow .name')]
    .filter((name) => name.scrollWidth > name.clientWidth + 1)
    .map((name) => name.textContent);
}

test('on a small screen, details cover the list until they are closed', () =>
  on('ordinary', { width: 400 }, async (page) => {
    assert.equal(await page.locator('#detail').isVisible(), false);
    await row(page, 'KEXINIT').click();
    assert.equal(await page.locator('#detail').isVisible(), true);
    await page.getByRole('button', { name: '← Messages' }).click();
    assert.equal(await page.locator('#detail').isVisible(), false);
  }));

test('every row and byte is printed', () =>
  on('ordinary', {}, async (page) => {
    await row(page, 'KEXINIT').click();
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    const shown = Number((await text(page, '#printed').then(() => page.locator('#shown').textContent())).split(' ')[0]);
    assert.equal(await page.locator('#printed .row').count(), shown);
    assert.equal(await page.locator('.byte-view >> nth=0').locator('.hex .row').count(), Math.ceil(433 / 8));
    assert.equal(await page.locator('.tools').isVisible(), false);
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
    assert.equal(await page.locator('#printed .row').count(), 0);
    await page.emulateMedia({ media: null });
    const pages = (await page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type \/Page\b/g).length;
    assert.ok(pages >= 4 && pages <= 12, `${pages} pages`);
  }));

test('traces that are cut off, empty or have secrets are shown', async () => {
  const whole = traces.trace(traces.ordinary());
  files.cut = browser.build('cut', whole.slice(0, whole.length / 2));
  files.empty = browser.build('empty', whole.split('\n')[0]);
  files.middle = browser.build(
    'middle',
    whole
      .split('\n')
      .filter((line, i) => i === 0 || i > 40)
      .join('\n'),
  );
  files.secrets = browser.build('secrets', whole.replace('"secrets":false', '"secrets":true'));
  await on('cut', {}, async (page) => assert.match(await text(page, '#shown'), /^\d+ rows$/));
  await on('empty', {}, async (page) => assert.match(await text(page, '#subtitle'), /no connection/));
  await on('middle', {}, async (page) => assert.match(await text(page, '#list'), /CHANNEL_DATA/));
  await on('secrets', {}, async (page) => assert.match(await text(page, '#warning'), /contains secrets/));
});
