'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const [DEVICE, OP, NAME, OUTCOME, REASON, RATIO, NMSE, COSINE, ULP, KERNEL, TRAITS, NANOS, REPRO] = Array(13).keys();
const PAGE = 200;
const tone = { pass: 'good', xfail: 'mixed', unsupported: 'none', skipped: 'none' };

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// Names may break at their own separators.
function named(tag, className, text) {
  const node = make(tag, className);
  for (const part of text.split(/(?<=[/,_])/)) node.append(part, make('wbr'));
  return node;
}

function number(value) {
  if (value === 'inf') return '\u221e';
  if (value === 0 || (Math.abs(value) >= 0.001 && Math.abs(value) < 1e6)) return String(Number(value.toPrecision(4)));
  return value.toExponential(2);
}

function time(nanos) {
  return nanos >= 1e9 ? (nanos / 1e9).toFixed(2) + ' s' : (nanos / 1e6).toFixed(1) + ' ms';
}

function chip(outcome) {
  return make('span', 'chip ' + (tone[outcome] || 'bad'), outcome);
}

function repro(row) {
  return row[REPRO] || './touchstone conformance --device ' + data.devices[row[DEVICE]] + ' --case ' + row[NAME];
}

function caseNode(row, withDevice) {
  const outcome = data.outcomes[row[OUTCOME]];
  const node = make('details', 'case');
  const summary = make('summary');
  summary.append(chip(outcome), named('span', 'name', row[NAME]));
  const aside = [];
  if (withDevice) aside.push(data.devices[row[DEVICE]]);
  if (row[RATIO] !== null) aside.push('error/bound ' + number(row[RATIO]));
  aside.push(time(row[NANOS]));
  summary.append(make('span', 'of', aside.join(' \u00b7 ')));
  node.append(summary);
  node.addEventListener('toggle', () => {
    if (node.open && !node.querySelector('.body')) node.append(body(row));
  });
  return node;
}

function body(row) {
  const node = make('div', 'body');
  if (row[REASON]) node.append(make('p', 'why', row[REASON]));
  const list = make('dl');
  const fact = (name, value) => {
    if (value !== null && value !== '') list.append(make('dt', '', name), make('dd', '', value));
  };
  const metric = (name, value) => fact(name, value === null ? null : number(value));
  fact('device', data.devices[row[DEVICE]]);
  fact('kernel', data.kernels[row[KERNEL]]);
  fact('declares', data.traits[row[TRAITS]]);
  metric('error/bound', row[RATIO]);
  metric('NMSE', row[NMSE]);
  metric('cosine', row[COSINE]);
  metric('ULP', row[ULP]);
  fact('time', time(row[NANOS]));
  const again = make('div', 'repro');
  const copy = make('button', 'plain', 'copy');
  copy.type = 'button';
  copy.dataset.copy = '';
  again.append(named('code', '', repro(row)), copy);
  node.append(list, again);
  return node;
}

function fill(target, rows, withDevice) {
  target.replaceChildren();
  let shown = 0;
  const more = make('button', 'plain');
  more.type = 'button';
  const next = () => {
    more.remove();
    for (const row of rows.slice(shown, shown + PAGE)) target.append(caseNode(row, withDevice));
    shown = Math.min(shown + PAGE, rows.length);
    if (shown < rows.length) {
      more.textContent = 'show ' + Math.min(PAGE, rows.length - shown) + ' of ' + (rows.length - shown) + ' more';
      target.append(more);
    }
  };
  more.addEventListener('click', next);
  if (rows.length === 0) target.append(make('p', 'more', 'no case'));
  next();
}

const drill = document.getElementById('drill');
const list = document.getElementById('drill-list');

function open(title, rows, expanded) {
  document.getElementById('drill-title').textContent = title;
  const chips = document.getElementById('drill-chips');
  chips.replaceChildren();
  const counts = new Map();
  for (const row of rows) counts.set(row[OUTCOME], (counts.get(row[OUTCOME]) || 0) + 1);
  const choose = (outcome, button) => {
    for (const other of chips.children) other.setAttribute('aria-pressed', String(other === button));
    fill(list, outcome === null ? rows : rows.filter((row) => row[OUTCOME] === outcome), false);
  };
  const add = (text, outcome) => {
    const button = make('button', 'plain', text);
    button.type = 'button';
    button.addEventListener('click', () => choose(outcome, button));
    chips.append(button);
    return button;
  };
  const all = add(rows.length + ' cases', null);
  for (const [outcome, count] of [...counts].sort((a, b) => b[0] - a[0])) add(count + ' ' + data.outcomes[outcome], outcome);
  // What is wrong comes first.
  const order = (row) => (tone[data.outcomes[row[OUTCOME]]] ? 1 : 0);
  rows.sort((a, b) => order(a) - order(b));
  choose(null, all);
  if (!drill.open) drill.showModal();
  drill.scrollTop = 0;
  if (expanded) list.querySelector('details').open = true;
}

document.addEventListener('click', (event) => {
  const cell = event.target.closest('[data-cell]');
  const single = event.target.closest('[data-row]');
  const copy = event.target.closest('[data-copy]');
  if (cell) {
    const [device, op] = cell.dataset.cell.split(' ').map(Number);
    open(data.ops[op] + ' on ' + data.devices[device], data.rows.filter((r) => r[DEVICE] === device && r[OP] === op));
  } else if (single) {
    const row = data.rows[Number(single.dataset.row)];
    open(data.ops[row[OP]] + ' on ' + data.devices[row[DEVICE]], [row], true);
  } else if (copy) {
    copyText(copy);
  } else if (event.target === drill || event.target.closest('[data-close]')) {
    drill.close();
  }
});

async function copyText(button) {
  const code = button.parentElement.querySelector('code');
  let done = true;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch (refused) {
    // Pages from files may not use the clipboard: select the text instead.
    getSelection().selectAllChildren(code);
    done = false;
  }
  button.textContent = done ? 'copied' : 'selected';
  setTimeout(() => { button.textContent = 'copy'; }, 1500);
}

const query = document.getElementById('query');
const outcome = document.getElementById('outcome');
const found = document.getElementById('found');
const status = document.getElementById('found-count');

function search() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && outcome.value === '') {
    found.replaceChildren();
    status.textContent = '';
    return;
  }
  const rows = data.rows.filter((row) => {
    if (outcome.value !== '' && data.outcomes[row[OUTCOME]] !== outcome.value) return false;
    const text = (row[NAME] + ' ' + data.devices[row[DEVICE]] + ' ' + row[REASON]).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  status.textContent = rows.length + (rows.length === 1 ? ' case' : ' cases');
  fill(found, rows, true);
}

query.addEventListener('input', search);
outcome.addEventListener('change', search);
