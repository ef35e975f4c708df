/* The matrix of results. What a peer sent only ever becomes text. */
'use strict';
const results = JSON.parse(document.getElementById('results').textContent);
const VERDICTS = ['pass', 'fail', 'warn', 'info', 'skip', 'xfail', 'xpass', 'error'];
const RUNS = results.runs.length;
const roles = new Set(results.runs.map(({ run }) => words(run.role)));
let chosen = null;

function $(id) {
  return document.getElementById(id);
}

/* A new element with a class and a text. */
function make(name, kind, text) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
}

/* A member of the results as a text, whatever it is. */
function words(value, between = ', ') {
  if (Array.isArray(value)) return value.map((one) => words(one)).join(between);
  return value === undefined || value === null ? '' : String(value);
}

function verdictClass(verdict) {
  return VERDICTS.includes(verdict) ? verdict : 'none';
}

/* ---- the model ---- */

/* Do two peers that did not skip the case have different verdicts? */
function differs(cells) {
  const verdicts = cells.filter((cell) => cell && cell.verdict !== 'skip').map((cell) => cell.verdict);
  return new Set(verdicts).size > 1;
}

/* What is the same for all peers is only in the first cell of a case. */
const SHARED = ['id', 'level', 'clause', 'requirements', 'title', 'expected', 'note'];

const cases = results.cases.map((given) => {
  const first = given.find((cell) => cell);
  const shared = Object.fromEntries(SHARED.map((name) => [name, first[name]]));
  const cells = given.map((cell) => cell && { ...shared, ...cell });
  return { cells, first, level: words(first.level), clause: words(first.clause) };
});

/* The clauses in the order in which they appear, each with its cases. */
function sections() {
  const found = new Map();
  for (const one of cases) {
    if (!found.has(one.clause)) found.set(one.clause, []);
    found.get(one.clause).push(one);
  }
  return found;
}

function counts(run) {
  return VERDICTS.map((verdict) => [cases.filter(({ cells }) => cells[run]?.verdict === verdict).length, verdict])
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`)
    .join(', ');
}

/* ---- details ---- */

/* The text of the RFC that a clause is in; otherwise only its name. */
function clauseElement(clause) {
  const found = /^RFC (\d{1,5}) (\d[\d.]*)$/.exec(clause);
  if (!found) return make('span', '', clause);
  const link = make('a', '', clause);
  link.href = `https://www.rfc-editor.org/rfc/rfc${found[1]}#section-${found[2]}`;
  link.rel = 'noreferrer';
  return link;
}

/* A line of the trace: "     123 us  ->* 20 KEXINIT  #0  1234...". */
function rung(line) {
  const found = /^\s*(\d+) us\s+(->|<-)([* ]) (\d+) (\S+)\s+#(\d+)\s*(.*)$/s.exec(line);
  if (!found) return make('li', '', line);
  const [, us, way, mark, number, name, sequence, bytes] = found;
  const item = make('li', way === '->' ? 'out' : 'in');
  if (mark === '*') item.classList.add('own');
  item.append(make('b', '', `${way === '->' ? '→' : '←'} ${number} ${name}`));
  item.append(make('span', 'soft', `${us} µs, packet ${sequence}${mark === '*' ? ', sent by the case itself' : ''}`));
  if (bytes) item.append(make('span', '', bytes));
  return item;
}

function ladder(lines) {
  const section = make('section');
  const list = make('ol', 'ladder');
  const lanes = make('p', 'lanes');
  lanes.append(make('span', '', 'nacre-spec'), make('span', '', 'peer'));
  list.append(...lines.map((line) => rung(words(line))));
  section.append(make('b', '', 'Last messages'), lanes, list);
  return section;
}

function fact(list, name, value) {
  if (value === '') return;
  const data = make('dd');
  data.append(value);
  list.append(make('dt', '', name), data);
}

function close() {
  $('detail').hidden = true;
  chosen?.setAttribute('aria-pressed', 'false');
  chosen?.focus();
  chosen = null;
}

function facts(run, cell) {
  const list = make('dl');
  const { name, peer, system, package: version } = results.runs[run].run;
  if (name) fact(list, 'implementation', `${words(name)}, ${words(system)}`);
  fact(list, 'version', words(version));
  fact(list, 'peer', words(peer));
  fact(list, 'verdict', make('span', `verdict ${verdictClass(cell.verdict)}`, words(cell.verdict)));
  fact(list, 'level', words(cell.level));
  fact(list, 'clause', clauseElement(words(cell.clause)));
  fact(list, 'expected', words(cell.expected, ' | '));
  fact(list, 'observed', words(cell.observed));
  fact(list, 'because', words(cell.reason));
  fact(list, 'note', words(cell.note));
  return list;
}

function show(button, run, cell) {
  const detail = $('detail');
  const back = make('button', 'close', 'Close');
  chosen?.setAttribute('aria-pressed', 'false');
  chosen = button;
  chosen.setAttribute('aria-pressed', 'true');
  back.type = 'button';
  back.addEventListener('click', close);
  detail.replaceChildren(back, make('h2', '', words(cell.id)), make('p', '', words(cell.title)), facts(run, cell));
  if (Array.isArray(cell.last) && cell.last.length > 0) detail.append(ladder(cell.last));
  else detail.append(make('p', 'soft', 'The messages of this case were not kept: --verbose keeps those of each case.'));
  detail.hidden = false;
  detail.scrollTop = 0;
  detail.focus();
}

/* ---- the table ---- */

/* Between the servers and the clients is a line. */
function isNewRole(run) {
  return run > 0 && words(results.runs[run].run.role) !== words(results.runs[run - 1].run.role);
}

function cellElement(one, run) {
  const cell = one.cells[run];
  const data = make('td', cell ? '' : 'none', cell ? undefined : '–');
  if (isNewRole(run)) data.classList.add('role');
  if (!cell) return data;
  const button = make('button', verdictClass(cell.verdict), words(cell.verdict));
  button.type = 'button';
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', () => show(button, run, cell));
  data.append(button);
  return data;
}

function caseElement(one) {
  const row = make('tr');
  const head = make('th');
  head.scope = 'row';
  head.append(make('code', '', words(one.first.id)), ` ${one.level}`, make('div', 'soft', words(one.first.title)));
  row.append(head);
  for (let run = 0; run < RUNS; run++) row.append(cellElement(one, run));
  one.row = row;
  return row;
}

function sectionElement(clause, members) {
  const body = make('tbody');
  const row = make('tr', 'section');
  const head = make('th');
  const rest = make('th');
  head.scope = 'rowgroup';
  head.append(clauseElement(clause));
  rest.colSpan = RUNS;
  row.append(head, rest);
  body.append(row, ...members.map(caseElement));
  return body;
}

function headElement() {
  const row = make('tr');
  row.append(make('th', '', 'Case'));
  results.runs.forEach(({ run, file }, index) => {
    const head = make('th');
    head.scope = 'col';
    if (isNewRole(index)) head.className = 'role';
    head.append(make('span', 'peer', words(run.name) || words(run.peer)));
    for (const fact of run.name ? [run.system, roles.size > 1 ? run.role : ''] : [file])
      if (words(fact)) head.append(make('span', 'soft', words(fact)));
    head.append(make('span', 'soft', counts(index)));
    row.append(head);
  });
  return row;
}

function isShown(one, columns) {
  const level = $('level').value,
    verdict = $('verdict').value,
    cells = columns.map((run) => one.cells[run]).filter((cell) => cell);
  if (cells.length === 0 || (level && one.level !== level)) return false;
  if (verdict && !cells.some((cell) => cell.verdict === verdict)) return false;
  return differs(cells) || !$('differ').checked;
}

/* The columns of the chosen role; the others are hidden. */
function shownColumns() {
  const role = $('role').value;
  const hidden = results.runs.map(({ run }) => role !== '' && words(run.role) !== role);
  for (const row of [$('head').rows[0], ...cases.map(({ row: of }) => of)])
    hidden.forEach((hide, run) => (row.cells[run + 1].hidden = hide));
  return [...hidden.keys()].filter((run) => !hidden[run]);
}

function filter() {
  const columns = shownColumns();
  let shown = 0;
  for (const one of cases) {
    one.row.hidden = !isShown(one, columns);
    if (!one.row.hidden) shown++;
  }
  for (const body of $('matrix').tBodies) body.hidden = !body.querySelector('tr:not(.section):not([hidden])');
  $('shown').textContent = `${shown} of ${cases.length} cases`;
  $('empty').hidden = shown > 0;
}

function offer(select, values) {
  for (const value of values) {
    const option = make('option', '', value);
    option.value = value;
    select.append(option);
  }
  select.addEventListener('change', filter);
}

const version = words(results.runs[0].run.version);
$('subtitle').textContent = `nacre-spec ${version}: ${cases.length} cases, ${RUNS} ${RUNS === 1 ? 'peer' : 'peers'}`;
$('head').append(headElement());
for (const [clause, members] of sections()) $('matrix').append(sectionElement(clause, members));
offer($('role'), roles);
$('role').parentElement.hidden = roles.size < 2;
offer($('level'), new Set(cases.map(({ level }) => level)));
offer(
  $('verdict'),
  VERDICTS.filter((verdict) => cases.some(({ cells }) => cells.some((cell) => cell?.verdict === verdict))),
);
$('differ').addEventListener('change', filter);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && chosen) close();
});
filter();
