/* The reference of the library in headless Chromium: it loads nothing, finds names, and can be read on every screen. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { BUILD, Browser, text } from './browser.mjs';

const browser = new Browser();
const file = path.resolve(BUILD, 'reference.html');

before(() => browser.start());
after(() => browser.stop());

/* Open, run, and check that nothing was loaded or went wrong. */
async function on(options, run) {
  const page = await browser.open(file, options);
  await run(page);
  assert.deepEqual(page.mistakes, []);
  assert.deepEqual(page.requests, [`file://${file}`]);
  await page.context().close();
}

const found = (page) => page.locator('#found li').allInnerTexts();
const top = (page, id) => page.locator(`[id="${id}"]`).evaluate((element) => element.getBoundingClientRect().top);

test('a name that is typed is found, and Enter goes there', () =>
  on({}, async (page) => {
    await page.keyboard.press('/');
    await page.keyboard.type('server_new');
    assert.equal((await found(page))[0], 'nacre_server_new');
    assert.equal(await page.locator('#index').isHidden(), true);
    await page.keyboard.press('Enter');
    assert.match(page.url(), /#nacre_server_new$/);
    assert.ok((await top(page, 'nacre_server_new')) < 100);
  }));

test('arrows choose among names, and members are found too', () =>
  on({}, async (page) => {
    await page.fill('#search', 'password file');
    const names = await found(page);
    assert.ok(names.includes('nacre_server_config.password_file'), names.join());
    await page.keyboard.press('ArrowDown');
    assert.equal(await text(page, '#found .chosen'), names[1]);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#found').isHidden(), true);
    assert.equal(await page.locator('#index').isHidden(), false);
  }));

test('a name that is not there is said so, and markup is only text', () =>
  on({}, async (page) => {
    await page.fill('#search', '<img src=x onerror=alert(1)>');
    assert.deepEqual(await found(page), ['no such name']);
  }));

test('a type in a prototype leads to its description', () =>
  on({}, async (page) => {
    await page.locator('[id="nacre_server_new"] a', { hasText: 'nacre_server_config' }).click();
    assert.match(page.url(), /#nacre_server_config$/);
    assert.ok((await top(page, 'nacre_server_config')) < 100);
  }));

test('no screen is too narrow, and a small one shows the text first', async () => {
  for (const width of [320, 400, 700, 1000, 1600])
    await on({ width, height: 700 }, async (page) => {
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} pixels`);
      assert.ok((await top(page, 'overview')) < 300, `${width} pixels`);
    });
});

test('text can be read, light and dark', async () => {
  for (const scheme of ['light', 'dark'])
    await on({ scheme }, async (page) => {
      const worst = await page.evaluate(() => {
        const light = (colour) => {
          const [r, g, b] = colour
            .match(/[\d.]+/g)
            .map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (element) => {
          const { backgroundColor } = getComputedStyle(element);
          return backgroundColor === 'rgba(0, 0, 0, 0)' ? behind(element.parentElement) : backgroundColor;
        };
        const places = ['main p', 'main p a', 'pre.code', 'pre.code a', 'h2 small', 'dt code a', 'nav a', 'nav label'];
        const ratios = places.map((selector) => {
          const element = document.querySelector(selector);
          const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        });
        return Math.min(...ratios);
      });
      assert.ok(worst >= 4.5, `${scheme}: contrast ${worst}`);
    });
});
