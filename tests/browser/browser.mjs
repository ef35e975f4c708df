/* A headless Chromium for the tests of pages, which must not load anything. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

export const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
export const BUILD = process.env.NACRE_BUILD || 'build';
const { chromium } = createRequire(path.resolve(BUILD, 'browser', 'package.json'))('playwright-core');
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export class Browser {
  async start() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nacre-'));
    this.browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  }

  async stop() {
    await this.browser.close();
    fs.rmSync(this.folder, { recursive: true });
  }

  /* Make the page of a trace. Returns its file. */
  build(name, trace) {
    const input = path.join(this.folder, `${name}.json`),
      output = path.join(this.folder, `${name}.html`);
    fs.writeFileSync(input, trace);
    fs.writeFileSync(
      output,
      execFileSync(`${BUILD}/nacre-trace`, ['page', input], {
        maxBuffer: 1 << 30,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    return output;
  }

  /* Open a file in a window of its own. page.requests and page.mistakes fill themselves. */
  async open(file, { width = 1280, height = 800, scheme = 'light' } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    page.requests = [];
    page.mistakes = [];
    page.on('request', (request) => page.requests.push(request.url()));
    page.on('pageerror', (error) => page.mistakes.push(String(error)));
    page.on('console', (message) => page.mistakes.push(message.text()));
    page.on('dialog', (dialog) => {
      page.mistakes.push(dialog.message());
      dialog.dismiss();
    });
    await page.goto(`file://${file}`);
    return page;
  }
}

export const elements = (page) => page.evaluate(() => document.querySelectorAll('*').length);
export const text = (page, selector) => page.locator(selector).innerText();
