/* The page of nacre-spec in headless Chromium: the matrix, its filters, and texts that try to be more than text. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BUILD, Browser, text } from './browser.mjs';

const HOSTILE = '</script><script>document.title="hacked"</script><img src="https://localhost:9/x" onerror="alert(1)">&lt;b&gt;';
const browser = new Browser();
let ordinary, hostile, named;

const run = (peer) => ({ run: { version: '0.1', role: 'server', peer, target: 'localhost:22', seed: 1, facts: {} } });

function result(id, verdict, more = {}) {
  const clause = `RFC ${id.split('/')[0]} ${id.split('/')[1]}`;
  return { id, level: 'MUST', clause, title: `about ${id}`, verdict, expected: ['close', 'go-on'], observed: 'go-on', ...more };
}

/* Write the results of some runs and make their page. */
function build(name, ...runs) {
  const files = runs.map((lines, index) => {
    const file = path.join(browser.folder, `${name}-${index}.json`);
    fs.writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return file;
  });
  const folder = path.join(browser.folder, name);
  execFileSync(`${BUILD}/nacre-spec`, ['compare', ...files, '--html', folder]);
  return path.join(folder, 'index.html');
}

before(async () => {
  await browser.start();
  const last = ['      12 us  ->* 20 KEXINIT  #0  0102', '      40 us  <-  1 DISCONNECT  #3  00000003'];
  ordinary = build(
    'ordinary',
    [
      run('SSH-2.0-one'),
      result('4253/7/guess-right', 'fail', { last }),
      result('4253/7.1/kexinit-twice', 'pass', { level: 'SHOULD' }),
      result('4253/9/in-auth', 'skip', { reason: 'not offered' }),
    ],
    [
      run('SSH-2.0-two'),
      result('4253/7/guess-right', 'pass'),
      result('4253/7.1/kexinit-twice', 'pass', { level: 'SHOULD' }),
      result('4253/9/in-auth', 'pass'),
    ],
  );
  const about = (name, role, more) => ({ run: { ...run('SSH-2.0-one').run, name, role, ...more } });
  named = build(
    'named',
    [
      about('sshd', 'server', { package: 'openssh-server 1:9.2', system: 'Debian 12' }),
      result('4253/7/guess-right', 'pass', { note: 'the reason' }),
    ],
    [
      about('dropbear', 'server', { package: 'dropbear-bin 2022', system: 'Debian 12' }),
      result('4253/7/guess-right', 'pass'),
      result('4253/9/in-auth', 'fail'),
    ],
    [
      about('ssh', 'client', { package: 'openssh-client 1:10', system: 'Debian 13' }),
      result('4253/7/guess-right', 'skip', { note: 'the reason', reason: 'not offered' }),
      result('4253/10/accept-other', 'fail'),
    ],
  );
  hostile = build('hostile', [
    run(HOSTILE),
    result('4253/7/guess-right', 'fail', { observed: HOSTILE, reason: HOSTILE, last: [HOSTILE, `  1 us  <-  20 ${HOSTILE}`] }),
    result(HOSTILE, HOSTILE, { level: HOSTILE, clause: HOSTILE, title: HOSTILE, expected: HOSTILE, last: HOSTILE }),
    { id: 7, ...result('constructor', 'toString', { level: null, clause: {}, expected: {}, last: [{}, null, 1] }) },
  ]);
});
after(() => browser.stop());

/* Open, run, and check that nothing was loaded or went wrong. */
async function on(file, options, check) {
  const page = await browser.open(file, options);
  await check(page);
  assert.deepEqual(page.mistakes, []);
  assert.deepEqual(page.requests, [`file://${file}`]);
  await page.context().close();
}

const row = (page, id) => page.locator('tbody tr', { hasText: id });
const shownRows = (page) => page.locator('tbody tr:not(.section):visible code').allInnerTexts();

test('cases are rows under their sections, peers are columns, a cell is a word', () =>
  on(ordinary, {}, async (page) => {
    assert.deepEqual(await page.locator('.peer').allInnerTexts(), ['SSH-2.0-one', 'SSH-2.0-two']);
    assert.deepEqual(await page.locator('.section').allInnerTexts(), ['RFC 4253 7\t', 'RFC 4253 7.1\t', 'RFC 4253 9\t']);
    assert.deepEqual(await row(page, 'guess-right').locator('button').allInnerTexts(), ['fail', 'pass']);
    assert.match(await text(page, '#head'), /1 pass, 1 fail, 1 skip[^]*3 pass/);
    const colours = await row(page, 'guess-right')
      .locator('button')
      .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).backgroundColor));
    assert.notEqual(colours[0], colours[1]);
  }));

test('an implementation has a name, a version, a system and a role', () =>
  on(named, {}, async (page) => {
    assert.match(await text(page, '#head'), /sshd\s+Debian 12\s+server\s+1 pass/);
    await row(page, 'guess-right').locator('button').nth(2).click();
    assert.match(await text(page, '#detail'), /about 4253\/7\/guess-right[^]*ssh, Debian 13[^]*openssh-client 1:10[^]*SSH-2\.0-one[^]*MUST[^]*because[^]*not offered[^]*note\s+the reason/);
    await page.keyboard.press('Escape');
    await page.locator('#role').selectOption('client');
    assert.deepEqual(await page.locator('.peer:visible').allInnerTexts(), ['ssh']);
    assert.equal(await row(page, 'guess-right').locator('button:visible').count(), 1);
  }));

test('servers and clients are told apart, and each role is filtered by itself', () =>
  on(named, {}, async (page) => {
    const edges = (cells) => cells.map((cell) => getComputedStyle(cell).borderLeftWidth);
    assert.deepEqual(await page.locator('thead th').evaluateAll(edges), ['0px', '0px', '0px', '3px']);
    assert.deepEqual(await row(page, 'guess-right').locator('td').evaluateAll(edges), ['0px', '0px', '3px']);
    assert.match(await text(page, '#head'), /server[^]*server[^]*client/);
    await page.locator('#verdict').selectOption('fail');
    for (const [role, ids] of [['', ['4253/9/in-auth', '4253/10/accept-other']], ['server', ['4253/9/in-auth']], ['client', ['4253/10/accept-other']]]) {
      await page.locator('#role').selectOption(role);
      assert.deepEqual(await shownRows(page), ids);
    }
    assert.equal(await text(page, '#shown'), '1 of 3 cases');
  }));

test('filters leave the cases that match, and no empty section', () =>
  on(ordinary, {}, async (page) => {
    await page.locator('#differ').check();
    assert.deepEqual(await shownRows(page), ['4253/7/guess-right']);
    assert.equal(await page.locator('.section:visible').count(), 1);
    assert.equal(await text(page, '#shown'), '1 of 3 cases');
    await page.locator('#differ').uncheck();
    await page.locator('#level').selectOption('SHOULD');
    assert.deepEqual(await shownRows(page), ['4253/7.1/kexinit-twice']);
    await page.locator('#verdict').selectOption('fail');
    assert.equal(await page.locator('#empty').isVisible(), true);
  }));

test('a click shows what was expected and observed, and the messages as a ladder', () =>
  on(ordinary, {}, async (page) => {
    await row(page, 'guess-right').locator('button').first().click();
    assert.match(await text(page, '#detail'), /SSH-2\.0-one[^]*close \| go-on[^]*observed\s+go-on/);
    assert.match(await text(page, '.ladder .out.own'), /→ 20 KEXINIT[^]*sent by the case itself[^]*0102/);
    assert.match(await text(page, '.ladder .in'), /← 1 DISCONNECT/);
    assert.equal(await page.locator('#detail a').getAttribute('href'), 'https://www.rfc-editor.org/rfc/rfc4253#section-7');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#detail').isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'fail');
    await row(page, 'in-auth').locator('button').first().click();
    assert.match(await text(page, '#detail'), /because\s+not offered[^]*not kept/);
  }));

test('what a peer sent is never markup', () =>
  on(hostile, {}, async (page) => {
    for (const cell of await page.locator('td button').all()) {
      await cell.click();
      await page.keyboard.press('Escape');
    }
    await row(page, 'guess-right').locator('button').click();
    assert.ok((await text(page, '#detail dl')).includes(HOSTILE));
    assert.ok((await text(page, '.ladder')).includes(HOSTILE));
    assert.equal(await text(page, '.peer'), HOSTILE);
    assert.equal(await page.title(), 'SSH conformance');
    assert.deepEqual(await page.evaluate(() => [document.scripts.length, document.images.length]), [2, 0]);
    const html = fs.readFileSync(hostile, 'utf8');
    assert.equal(html.match(/<script/g).length, 2);
    assert.ok(!html.includes('<img'));
  }));

test('a script that did get into the page would not run', async () => {
  const file = path.join(browser.folder, 'injected.html');
  const injected = '<script>document.title = "ran"</script><img src="https://localhost:9/x"><div class="tools"';
  fs.writeFileSync(file, fs.readFileSync(ordinary, 'utf8').replace('<div class="tools"', injected));
  const page = await browser.open(file);
  assert.equal(await page.title(), 'SSH conformance');
  assert.equal(page.mistakes.length, 2);
  await page.context().close();
});

test('text can be read on every colour, light and dark', async () => {
  for (const scheme of ['light', 'dark'])
    await on(ordinary, { scheme }, async (page) => {
      const worst = await page.evaluate(() => {
        const light = (colour) => {
          const [r, g, b] = colour
            .match(/[\d.]+/g)
            .map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ratios = ['pass', 'fail', 'warn', 'info', 'xfail'].map((verdict) => {
          const cell = document.querySelector('td button');
          cell.className = verdict;
          const { color, backgroundColor } = getComputedStyle(cell);
          const [a, b] = [light(color), light(backgroundColor)].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        });
        return Math.min(...ratios);
      });
      assert.ok(worst >= 4.5, `${scheme}: contrast ${worst}`);
    });
});

test('a small screen scrolls the table, not the page', () =>
  on(ordinary, { width: 400, height: 700 }, async (page) => {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await row(page, 'guess-right').locator('button').first().click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }));
