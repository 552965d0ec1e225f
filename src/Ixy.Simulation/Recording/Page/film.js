'use strict';
// An event is [nanoseconds since the one before, card, kind, …], and this is what follows for each kind:
//   c, C  configuration read, written: name, offset, value, bytes, site?     m, u  memory mapped, unmapped: address, length
//   r, w  register read, written: register, value, bytes, site?              S, s  ring starts: ring, head; stops: ring
//   t     tail moves: ring, from, to, count                                  x     interrupt: kind, vector
//   f     descriptor read by the card: ring, index, layout, low, high, places, then address, length, writable of each buffer
//   b     descriptor written back: ring, index, layout, low, high, place it was taken from
//   d, D  data read, written by the card: address, length, purpose           l     link: up, Mbit/s
//   o, i  frame sent, received: frame, errors?                               z     the function is reset
//   v     broken rule: rule, place, value, section, explanation, site?
//   n     buffer in two descriptors: ring, index, other ring, its index, address
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const { events, rings, frames, sites, registers, fieldSets, layouts, cards } = data;
  const $ = id => document.getElementById(id);
  const count = events.length;
  const times = new Float64Array(count);
  for (let i = 0, time = 0; i < count; i++) times[i] = time += events[i][0];

  const classOf = { r: 'register', w: 'register', c: 'register', C: 'register', t: 'register', f: 'dma', b: 'dma', d: 'dma',
    D: 'dma', o: 'wire', i: 'wire', l: 'wire', v: 'bad', n: 'bad' };
  const kindClass = event => classOf[event[2]] || 'other';
  const isPacket = event => event[2] === 'o' || event[2] === 'i';
  const isRegister = event => 'rw'.includes(event[2]);
  const isRule = event => event[2] === 'v' || event[2] === 'n';
  const memoryKinds = ['receive', 'transmit', 'split', 'packed'];

  // ---- Text ----

  const hex = (value, digits) => '0x' + value.toString(16).padStart(digits || 1, '0');
  const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  const safe = text => String(text).replace(/[&<>"]/g, c => escapes[c]);
  const some = (number, one, many) => `${number} ${number === 1 ? one : many || one + 's'}`;

  function showTime(nanoseconds) {
    const [whole, part] = [Math.floor(nanoseconds / 1e6), Math.round(nanoseconds % 1e6)];
    return `${whole}.${String(part).padStart(6, '0')} ms`;
  }

  function fieldsOf(fields, value) {
    const word = BigInt(value);
    return fields.map(([name, shift, width]) => ({
      name, shift, width, value: (word >> BigInt(shift)) & ((1n << BigInt(width)) - 1n) }));
  }

  function shortFields(fields, value) {
    return fieldsOf(fields, value).filter(f => f.value).map(f => f.width === 1 ? f.name
      : `${f.name} ${f.width > 16 ? hex(f.value) : f.value}`).join(', ');
  }

  const words = (event, at) => [BigInt('0x' + event[at]), BigInt('0x' + event[at + 1])];
  const bytesOf = frame => frame.bytes || (frame.bytes = Uint8Array.from(
    atob(frame[1].replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0)));
  const mac = (bytes, at) => [...bytes.slice(at, at + 6)].map(b => b.toString(16).padStart(2, '0')).join(':');

  function describe(index) {
    const e = events[index];
    switch (e[2]) {
      case 'c': return `config read: ${e[3]} is ${hex(e[5], 2 * e[6])}`;
      case 'C': return `config write: ${e[3]} = ${hex(e[5], 2 * e[6])}`;
      case 'r': case 'w': {
        const register = registers[e[3]], fields = shortFields(fieldSets[register[4]], e[4]);
        return `${e[2] === 'r' ? 'read' : 'write'} ${register[0]} ${e[2] === 'r' ? 'is' : '='} ${hex(e[4], 2 * e[5])}`
          + (fields ? ` (${fields})` : '');
      }
      case 'm': return `memory mapped for the card: 0x${e[3]}, ${parseInt(e[4], 16) / 1024} KiB`;
      case 'u': return `memory unmapped: 0x${e[3]}, ${parseInt(e[4], 16) / 1024} KiB`;
      case 'S': return `${rings[e[3]][5]} starts: ${some(rings[e[3]][4], 'descriptor')} at 0x${rings[e[3]][3]}`;
      case 's': return `${rings[e[3]][5]} stops`;
      case 't': return `tail of ${rings[e[3]][5]}: ${e[4]} → ${e[5]}, ${some(e[6], 'descriptor')} for the card`;
      case 'f': return `card reads descriptor ${e[4]} of ${rings[e[3]][5]}`
        + (e.length > 9 ? `: ${some(e[10], 'byte')} at 0x${e[9]}` : '');
      case 'b': return `card writes back descriptor ${e[4]} of ${rings[e[3]][5]}`;
      case 'd': return `card reads ${some(e[4], 'byte')} at 0x${e[3]}`;
      case 'D': return `card writes ${some(e[4], 'byte')} to 0x${e[3]}`;
      case 'o': case 'i': {
        const frame = frames[e[3]], layers = dissect(bytesOf(frame));
        return `frame ${e[2] === 'o' ? 'sent' : 'received'}: ${some(frame[0], 'byte')}, ${layers.summary}`
          + (e[4] ? `, with errors: ${e[4]}` : '');
      }
      case 'x': return 'interrupt: ' + ['the INTx line', `MSI message ${e[4]}`, `MSI-X vector ${e[4]}`][e[3]];
      case 'l': return e[3] ? `link up${e[4] ? ` at ${e[4]} Mbit/s` : ''}` : 'link down';
      case 'v': return `broken rule: ${e[3]}, ${e[4]} = 0x${e[5]}`;
      case 'n': return `buffer 0x${e[7]} is in two descriptors at once: ${e[4]} of ${nameOf(e[3], e[1])} and ${e[6]} of `
        + nameOf(e[5], e[1]);
      default: return 'the function is reset';
    }
  }

  const nameOf = (ring, card) => rings[ring][5] + (rings[ring][0] === card ? '' : ` of card ${rings[ring][0]}`);

  // ---- Frames ----

  function dissect(bytes) {
    const layers = [], names = [];
    const word = at => bytes[at] << 8 | bytes[at + 1];
    const has = end => bytes.length >= end;
    function add(name, fields) { layers.push([name, fields]); names.push(name); }
    if (!has(14)) return { layers, summary: 'too short for Ethernet' };
    let at = 12, type = word(at);
    const link = [['Destination', mac(bytes, 0)], ['Source', mac(bytes, 6)]];
    while ((type === 0x8100 || type === 0x88a8) && has(at + 6)) {
      link.push(['VLAN', `id ${word(at + 2) & 0xfff}, priority ${bytes[at + 2] >> 5}`]);
      at += 4;
      type = word(at);
    }
    link.push([type < 1536 ? 'Length' : 'EtherType', hex(type, 4)]);
    add('Ethernet', link);
    at += 2;
    let protocol = -1;
    if (type === 0x0800 && has(at + 20)) {
      const address = from => [...bytes.slice(from, from + 4)].join('.');
      add('IPv4', [['Source', address(at + 12)], ['Destination', address(at + 16)], ['Length', word(at + 2)],
        ['Time to live', bytes[at + 8]], ['Protocol', bytes[at + 9]], ['Checksum', hex(word(at + 10), 4)]]);
      protocol = bytes[at + 9];
      at += (bytes[at] & 15) * 4;
    } else if (type === 0x86dd && has(at + 40)) {
      const address = from => Array.from({ length: 8 }, (_, i) => word(from + 2 * i).toString(16)).join(':');
      add('IPv6', [['Source', address(at + 8)], ['Destination', address(at + 24)], ['Payload', word(at + 4)],
        ['Hop limit', bytes[at + 7]], ['Next header', bytes[at + 6]]]);
      protocol = bytes[at + 6];
      at += 40;
    } else if (type === 0x0806 && has(at + 28)) {
      add('ARP', [['Operation', word(at + 6) === 1 ? 'request' : 'reply'], ['Sender', mac(bytes, at + 8)],
        ['Target', [...bytes.slice(at + 24, at + 28)].join('.')]]);
    }
    if (protocol === 17 && has(at + 8)) {
      add('UDP', [['Source port', word(at)], ['Destination port', word(at + 2)], ['Length', word(at + 4)],
        ['Checksum', hex(word(at + 6), 4)]]);
    } else if (protocol === 6 && has(at + 20)) {
      const flags = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].filter((_, bit) => bytes[at + 13] >> bit & 1);
      add('TCP', [['Source port', word(at)], ['Destination port', word(at + 2)], ['Flags', flags.join(' ')],
        ['Window', word(at + 14)], ['Checksum', hex(word(at + 16), 4)]]);
    } else if (protocol === 1 && has(at + 4)) {
      add('ICMP', [['Type', bytes[at]], ['Code', bytes[at + 1]]]);
    }
    const last = names[names.length - 1];
    return { layers, summary: `${last === 'Ethernet' ? `type ${hex(type, 4)}` : names.slice(1).join(' ')}, `
      + `${mac(bytes, 6)} to ${mac(bytes, 0)}` };
  }

  function dump(bytes) {
    const lines = [];
    for (let at = 0; at < bytes.length; at += 16) {
      const part = [...bytes.slice(at, at + 16)];
      lines.push(at.toString(16).padStart(4, '0') + '  '
        + part.map(b => b.toString(16).padStart(2, '0')).join(' ').padEnd(49)
        + part.map(b => b >= 32 && b < 127 ? String.fromCharCode(b) : '.').join(''));
    }
    return lines.join('\n');
  }

  // ---- State: everything up to and with an event ----

  const Driver = 0, Card = 1, Fetched = 2, Done = 3;
  const owners = ['driver', 'card', 'fetched', 'done'], tints = owners.map(owner => `own-${owner}`);
  let state;

  function emptyState() {
    return { at: -1, links: cards.map(() => null), rings: new Map(), registers: new Map(), buffers: new Map(),
      frames: cards.map(() => [0, 0]), interrupts: cards.map(() => 0), rules: cards.map(() => 0) };
  }

  function apply(index) {
    const e = events[index], card = e[1];
    switch (e[2]) {
      case 'r': case 'w': {
        const key = card * 65536 + e[3], known = state.registers.get(key);
        const head = e[2] === 'r' && /^TDH\[(\d+)\]$/.exec(registers[e[3]][0]);
        if (head) learnHead(card, +head[1], e[4]);
        state.registers.set(key, { value: e[4], size: e[5], at: index, count: (known ? known.count : 0) + 1,
          before: known ? known.value : null });
        break;
      }
      case 'S':
        state.rings.set(e[3], { id: e[3], owner: new Uint8Array(rings[e[3]][4]), slots: new Map(), head: e[4], tail: e[4] });
        break;
      case 's': {
        const ring = state.rings.get(e[3]);
        if (ring) for (const slot of ring.slots.values()) release(e[3], slot);
        state.rings.delete(e[3]);
        break;
      }
      case 't': {
        const ring = state.rings.get(e[3]);
        if (!ring) break;
        for (let i = 0; i < e[6]; i++) ring.owner[(e[4] + i) % ring.owner.length] = Card;
        ring.tail = e[5];
        break;
      }
      case 'f': {
        const ring = state.rings.get(e[3]);
        if (!ring) break;
        const buffers = [];
        for (let i = 9; i < e.length; i += 3) {
          buffers.push([e[i], e[i + 1], e[i + 2]]);
          const known = state.buffers.get(e[i]);
          state.buffers.set(e[i], { owner: Fetched, ring: e[3], slot: e[4], home: known ? known.home : card,
            pool: known ? known.pool : e[i + 2] ? `filled by card ${card} through ${rings[e[3]][5]}` : `only sent by card ${card}` });
        }
        for (let i = 0; i < e[8]; i++) ring.owner[(e[4] + i) % ring.owner.length] = Fetched;
        ring.slots.set(e[4], { low: e[6], high: e[7], layout: e[5], places: e[8], buffers });
        if (rings[e[3]][1] !== 0) ring.head = (e[4] + e[8]) % ring.owner.length;
        break;
      }
      case 'b': {
        const ring = state.rings.get(e[3]);
        if (!ring) break;
        finish(ring, e[3], e[8]);
        // Those before it that asked for no report are done with it.
        if (rings[e[3]][1] === 1) {
          const size = ring.owner.length;
          for (let i = (e[4] + size - 1) % size; ring.owner[i] === Fetched && i !== e[4]; i = (i + size - 1) % size) finish(ring, e[3], i);
        }
        const slot = ring.slots.get(e[4]);
        ring.slots.set(e[4], { low: e[6], high: e[7], layout: e[5], buffers: slot ? slot.buffers : [] });
        if (rings[e[3]][1] === 0) ring.head = (e[4] + 1) % ring.owner.length;
        break;
      }
      case 'l': state.links[card] = e; break;
      case 'o': state.frames[card][1]++; break;
      case 'i': state.frames[card][0]++; break;
      case 'x': state.interrupts[card]++; break;
      case 'v': state.rules[card]++; break;
    }
    state.at = index;
  }

  // The driver reads the head of a transmit ring: what is before it is its own again.
  function learnHead(card, number, head) {
    for (const ring of state.rings.values()) {
      const [owner, kind, queue, , size] = rings[ring.id];
      if (owner !== card || kind !== 1 || queue !== number) continue;
      for (let i = (head + size - 1) % size; ring.owner[i] === Fetched; i = (i + size - 1) % size) finish(ring, ring.id, i);
    }
  }

  function finish(ring, id, place) {
    const slot = ring.slots.get(place);
    for (let i = 0; i < (slot && slot.places || 1); i++) ring.owner[(place + i) % ring.owner.length] = Done;
    if (slot) release(id, slot, place);
  }

  function release(id, slot, place) {
    for (const [address] of slot.buffers) {
      const buffer = state.buffers.get(address);
      if (buffer && buffer.ring === id && (place === undefined || buffer.slot === place)) buffer.owner = Driver;
    }
  }

  function reach(index) {
    if (!state || index < state.at) state = emptyState();
    while (state.at < index) apply(state.at + 1);
  }

  // ---- Where the film is ----

  let now = -1;

  function go(index, fromHash) {
    index = Math.max(0, Math.min(count - 1, index));
    if (index === now) return;
    now = index;
    reach(index);
    show();
    if (!fromHash) {
      clearTimeout(go.timer);
      // Browsers allow only so many changes a second.
      go.timer = setTimeout(() => history.replaceState(null, '', moment(now)), 120);
    }
  }

  // The time, and which of the events at that time.
  function moment(index) {
    let first = index;
    while (first > 0 && times[first - 1] === times[index]) first--;
    return `#t=${times[index]}` + (index > first ? `,${index - first}` : '');
  }

  function find(hash) {
    const match = /[#&]t=(\d+)(?:,(\d+))?/.exec(hash);
    if (!match) return -1;
    let low = 0, high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < +match[1]) low = middle + 1; else high = middle;
    }
    return Math.min(count - 1, low + (+match[2] || 0));
  }

  function fits(index, unit) {
    const e = events[index];
    if (unit === 'packet') return isPacket(e);
    if (unit === 'register') return isRegister(e);
    if (unit === 'rule') return isRule(e);
    if (unit === 'same') return isRegister(e) && e[3] === sameRegister && e[1] === sameCard;
    return true;
  }

  let sameRegister = -1, sameCard = 0;

  function move(by, unit) {
    unit = unit || $('unit').value;
    for (let i = now + by; i >= 0 && i < count; i += by) {
      if (fits(i, unit)) return go(i);
    }
    say(`no ${by > 0 ? 'further' : 'earlier'} ${{ packet: 'packet', register: 'register access', rule: 'broken rule',
      same: 'access to this register' }[unit] || 'event'}`);
  }

  function say(text) { $('live').textContent = text; }

  // ---- Showing ----

  function show() {
    const text = describe(now), event = events[now];
    $('where').textContent = `Event ${now + 1} of ${count}, ${showTime(times[now])}`;
    $('slider').value = now + 1;
    $('slider').setAttribute('aria-valuetext', `${now + 1} of ${count}: ${text}`);
    $('here').href = moment(now);
    say(`${showTime(times[now])}, card ${event[1]}: ${text}`);
    if (isRegister(event)) [sameRegister, sameCard] = [event[3], event[1]];
    showList();
    showStage(event);
    showDetail(event, text);
    showCards(event);
    showRegisters();
    drawStrip();
  }

  function showList() {
    const list = $('list'), from = Math.max(0, now - 60), to = Math.min(count, now + 120);
    let html = '';
    for (let i = from; i < to; i++) {
      html += `<li id="event-${i}" class="${kindClass(events[i])}" data-index="${i}"${i === now ? ' aria-current="true"' : ''}>`
        + `<span>${showTime(times[i])}</span><span>${events[i][1]}</span><span>${safe(describe(i))}</span></li>`;
    }
    list.innerHTML = html;
    const row = $(`event-${now}`);
    list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2 + row.offsetHeight / 2;
  }

  // Driver, memory, card, wire: who reaches for whom.
  const places = { driver: 60, memory: 206, card: 352, wire: 498 };
  const ways = { r: ['card', 'driver'], w: ['driver', 'card'], c: ['card', 'driver'], C: ['driver', 'card'],
    t: ['driver', 'card'], f: ['memory', 'card'], b: ['card', 'memory'], d: ['memory', 'card'], D: ['card', 'memory'],
    o: ['card', 'wire'], i: ['wire', 'card'], x: ['card', 'driver'], l: ['wire', 'card'], m: ['driver', 'memory'],
    u: ['driver', 'memory'], S: ['driver', 'card'], s: ['driver', 'card'], v: ['driver', 'card'], n: ['driver', 'memory'],
    z: ['driver', 'card'] };

  function showStage(event) {
    const [from, to] = ways[event[2]], bad = isRule(event);
    const names = { driver: 'driver', memory: 'memory', card: `card ${event[1]}`, wire: 'wire' };
    let svg = `<svg viewBox="0 0 558 92" role="img" aria-label="${from} to ${to}">`;
    for (const [place, x] of Object.entries(places)) {
      svg += `<rect x="${x - 52}" y="8" width="104" height="34" rx="6"${place === from || place === to ? ' class="on"' : ''}/>`
        + `<text x="${x}" y="30">${names[place]}</text>`;
    }
    const [a, b] = [places[from], places[to]], tip = b > a ? 1 : -1, style = bad ? ' style="stroke:var(--bad);fill:none"' : '';
    svg += `<path class="arrow"${style} d="M${a} 46V72H${b}V58"/>`
      + `<path class="arrow-head"${bad ? ' style="fill:var(--bad)"' : ''} d="M${b} 44l-7 14h14z"/>`;
    $('stage').innerHTML = svg + `<text x="${(a + b) / 2 + tip}" y="88">${stageText(event)}</text></svg>`;
  }

  const stageText = event => ({ r: 'register read', w: 'register write', c: 'configuration read', C: 'configuration write',
    t: 'doorbell', f: 'DMA: descriptor', b: 'DMA: write-back', d: 'DMA: packet data', D: 'DMA: packet data', o: 'frame',
    i: 'frame', x: 'interrupt', l: 'link', m: 'mapping', u: 'mapping', v: 'broken rule', n: 'two owners' })[event[2]] || 'set-up';

  function table(rows, head) {
    return '<table>' + (head ? `<thead><tr>${head.map(h => `<th scope="col">${h}</th>`).join('')}</tr></thead>` : '')
      + `<tbody>${rows.join('')}</tbody></table>`;
  }

  function fieldTable(fields, value, before) {
    const old = before === null || before === undefined ? null : fieldsOf(fields, before);
    return table(fieldsOf(fields, value).map((f, i) => {
      const bits = f.width === 1 ? `${f.shift}` : `${f.shift + f.width - 1}:${f.shift}`;
      const changed = old && old[i].value !== f.value;
      return `<tr class="${f.value ? 'set' : ''}${changed ? ' changed' : ''}"><td class="number">${bits}</td>`
        + `<td>${safe(f.name)}</td><td class="number">${f.width > 16 ? hex(f.value) : f.value}`
        + `${changed ? ` <span class="soft">was ${f.width > 16 ? hex(old[i].value) : old[i].value}</span>` : ''}</td></tr>`;
    }), ['Bits', 'Field', 'Value']);
  }

  function source(site) {
    if (site === undefined) return '';
    const [method, file, line, text, ...callers] = sites[site];
    return '<div class="source">' + (file ? `${safe(file)}:${line} ` : '') + `<span class="soft">${safe(method)}</span>`
      + (text ? `<code>${safe(text)}</code>` : '')
      + (callers.length ? `<span class="soft">from ${callers.map(safe).join(', ')}</span>` : '') + '</div>';
  }

  // The last doorbell that handed this descriptor, or anything in this ring, to the card.
  function doorbellOf(ring, before) {
    for (let i = before; i >= 0 && i > before - 4000; i--) {
      const e = events[i];
      if (e[2] === 't' && e[3] === ring) return i;
    }
    return -1;
  }

  // The DMA that belongs to a frame: just before it is sent, or soon after it has come.
  function neighbour(index, kind) {
    const by = kind === 'd' ? -1 : 1;
    for (let i = index + by, left = 200; i >= 0 && i < count && left > 0; i += by, left--) {
      const e = events[i];
      if (e[1] !== events[index][1]) continue;
      if (e[2] === kind) return i;
      if (isPacket(e)) return -1;
    }
    return -1;
  }

  const linkTo = (index, text) => `<a href="${moment(index)}" data-go="${index}">${safe(text)}</a>`;

  function showDetail(event, text) {
    let html = '';
    if (!isRule(event)) html += `<p class="lead">${safe(text)}</p>`;
    switch (event[2]) {
      case 'c': case 'C':
        html += `<p class="section">PCI configuration space, offset ${hex(event[4], 2)}</p>` + source(event[7]);
        break;
      case 'r': case 'w': {
        const [name, meaning, section, access, set] = registers[event[3]];
        const known = state.registers.get(event[1] * 65536 + event[3]);
        html += `<p class="meaning">${safe(meaning || 'No register of the table')}${access ? ` · ${safe(access)}` : ''}`
          + `${section ? ` · section ${safe(section)}` : ''} · ${some(known.count, 'access', 'accesses')} so far</p>` + source(event[6])
          + (fieldSets[set].length ? fieldTable(fieldSets[set], event[4], known.before) : '');
        break;
      }
      case 'f': case 'b': {
        const [name, section, low, high] = layouts[event[5]], [first, second] = words(event, 6);
        html += `<p class="section">${safe(name)} · section ${safe(section)} · 0x${event[6]} 0x${event[7]}</p>`;
        if (event[2] === 'f') {
          const bell = doorbellOf(event[3], now);
          if (bell >= 0) html += `<p>Handed over by ${linkTo(bell, describe(bell))}</p>`;
        }
        html += '<h3>First 8 bytes</h3>' + fieldTable(low, first) + '<h3>Last 8 bytes</h3>' + fieldTable(high, second);
        break;
      }
      case 'd': case 'D': {
        const buffer = state.buffers.get(event[3]);
        if (buffer) html += `<p>The buffer of descriptor ${buffer.slot} of ${safe(nameOf(buffer.ring, event[1]))}</p>`;
        html += `<p class="section">${safe(event[5])}</p>`;
        break;
      }
      case 'o': case 'i': {
        const frame = frames[event[3]], bytes = bytesOf(frame), beside = neighbour(now, event[2] === 'o' ? 'd' : 'D');
        if (beside >= 0) html += `<p>${event[2] === 'o' ? 'From' : 'To'} memory: ${linkTo(beside, describe(beside))}</p>`;
        const other = events.findIndex((e, i) => i !== now && isPacket(e) && e[3] === event[3]);
        if (other >= 0) html += `<p>The same bytes passed before or after: ${linkTo(other, `${showTime(times[other])}, card ${events[other][1]}`)}</p>`;
        for (const [name, fields] of dissect(bytes).layers) {
          html += `<h3>${name}</h3>` + table(fields.map(([field, value]) =>
            `<tr><td>${field}</td><td class="number">${safe(value)}</td></tr>`));
        }
        html += `<h3>Bytes</h3><pre tabindex="0" aria-label="Bytes of the frame">${safe(dump(bytes))}</pre>`
          + (bytes.length < frame[0] ? `<p class="soft">The first ${bytes.length} of ${frame[0]} bytes are in the film.</p>` : '');
        break;
      }
      case 't': {
        const access = now > 0 && events[now - 1][2] === 'w' ? events[now - 1] : null;
        html += `<p class="meaning">Descriptors ${event[4]} to ${(event[5] + rings[event[3]][4] - 1) % rings[event[3]][4]} are the card’s now.</p>`;
        if (access) html += source(access[6]);
        break;
      }
      case 'v':
        html += `<div class="broken"><p class="lead">Broken rule: ${safe(event[3])}</p><p>${safe(event[7])}</p>`
          + `<p><b>${safe(event[4])}</b> = 0x${safe(event[5])} · section ${safe(event[6])}</p></div>` + source(event[8]);
        break;
      case 'n':
        html += `<div class="broken"><p class="lead">${safe(text)}</p><p>Right only for data that is sent twice and changed by nobody.</p></div>`;
        break;
    }
    $('detail').innerHTML = html;
  }

  function showCards(event) {
    let html = '';
    cards.forEach((name, card) => {
      const link = state.links[card], [received, sent] = state.frames[card];
      html += `<div class="card"><h2>Card ${card}: ${safe(name)}</h2><p class="legend">`
        + (link && link[3] ? `<span class="up">● link up${link[4] ? ` at ${link[4] / 1000} Gbit/s` : ''}</span>` : '<span class="down">○ no link</span>')
        + ` · ${some(received, 'frame')} received, ${sent} sent · ${some(state.interrupts[card], 'interrupt')}`
        + (state.rules[card] ? ` · <span class="down">${some(state.rules[card], 'broken rule')}</span>` : '') + '</p>';
      const own = [...state.rings.values()].filter(ring => rings[ring.id][0] === card);
      if (own.length) {
        html += '<p class="legend">Descriptors:<span class="key own-driver"></span>the driver’s<span class="key own-card"></span>the card’s'
          + '<span class="key own-fetched"></span>read by the card<span class="key own-done"></span>written back, for the driver to take</p>';
        html += `<div class="rings">${own.map(ring => showRing(ring, event)).join('')}</div>`;
      }
      html += showPools(card, event) + '</div>';
    });
    $('cards').innerHTML = html;
  }

  function point(place, size, radius) {
    const angle = 2 * Math.PI * place / size - Math.PI / 2;
    return [75 + radius * Math.cos(angle), 75 + radius * Math.sin(angle)];
  }

  const at = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

  function arc(from, to, size, name) {
    if (to - from >= size) return `<circle class="arc ${name}" cx="75" cy="75" r="52"/>`;
    return `<path class="arc ${name}" d="M${at(point(from, size, 52))}A52 52 0 ${to - from > size / 2 ? 1 : 0} 1 ${at(point(to, size, 52))}"/>`;
  }

  function showRing(ring, event) {
    const [, kind, , address, size, name] = rings[ring.id], counts = [0, 0, 0, 0];
    for (const owner of ring.owner) counts[owner]++;
    let svg = '';
    for (let i = 0; i < size;) {
      let end = i + 1;
      while (end < size && ring.owner[end] === ring.owner[i]) end++;
      svg += arc(i, end, size, tints[ring.owner[i]]);
      i = end;
    }
    for (const [place, label, radius] of [[ring.head, 'head', 33], [ring.tail, 'tail', 71]]) {
      const inside = label === 'head', [x, y] = point(place, size, inside ? 30 : 66);
      svg += `<path class="pointer" d="M${at(point(place, size, inside ? 34 : 60))}L${at(point(place, size, inside ? 43 : 70))}"/>`;
      svg += inside ? '' : `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.5"/>`;
    }
    const isOn = 'Ssftbn'.includes(event[2]) && event[3] === ring.id
      || 'dD'.includes(event[2]) && state.buffers.get(event[3])?.ring === ring.id;
    const slot = !isOn ? -1 : 'fbn'.includes(event[2]) ? event[4] : 'dD'.includes(event[2]) ? state.buffers.get(event[3]).slot : -1;
    if (slot >= 0) {
      const [x, y] = point(slot + 0.5, size, 52);
      svg += `<circle class="spot" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="10"/>`;
      if ('fbdD'.includes(event[2])) {
        // The card is in the middle.
        const inwards = 'fd'.includes(event[2]), [near, far] = [point(slot + 0.5, size, 40), point(slot + 0.5, size, 14)];
        const [tail, tip] = inwards ? [near, far] : [far, near], angle = Math.atan2(tip[1] - tail[1], tip[0] - tail[0]);
        const wing = turn => at([tip[0] - 9 * Math.cos(angle + turn), tip[1] - 9 * Math.sin(angle + turn)]);
        svg += `<path class="dma-arrow" d="M${at(tail)}L${at(tip)}"/><path class="dma-head" d="M${at(tip)}L${wing(0.5)}L${wing(-0.5)}z"/>`;
      }
    }
    const label = `${name}, ${size} descriptors, head ${ring.head}, tail ${ring.tail}: ${counts[1]} the card’s, ${counts[2]} read by the `
      + `card, ${counts[3]} written back, ${counts[0]} the driver’s`;
    return `<div class="ring${isOn ? ' on' : ''}" data-ring="${ring.id}"><svg viewBox="0 0 150 150" role="img" aria-label="${safe(label)}">${svg}</svg>`
      + `<div><p><b>${safe(name)}</b> <span class="soft">${size} at 0x${address}</span></p>`
      + `<p>${kind > 1 ? 'next' : 'head'} <b>${ring.head}</b>, tail <b>${ring.tail}</b></p>`
      + `<p class="soft">${counts[1]} the card’s, ${counts[2]} read, ${counts[3]} written back, ${counts[0]} the driver’s</p>`
      + slotTable(ring, slot >= 0 ? slot : ring.head, size) + '</div></div>';
  }

  function slotTable(ring, middle, size) {
    const rows = [];
    for (let i = -1; i <= 2 && rows.length < size; i++) {
      const place = (middle + i + size) % size, slot = ring.slots.get(place), buffer = slot && slot.buffers[0];
      rows.push(`<tr${i === 0 ? ' class="changed"' : ''}><td class="number">${place}</td><td>${['driver', 'card', 'card (read)', 'done'][ring.owner[place]]}</td>`
        + `<td class="number">${buffer ? `0x${buffer[0]}` : '–'}</td></tr>`);
    }
    return table(rows, ['No.', 'Owner', 'Buffer']);
  }

  function showPools(card, event) {
    const pools = new Map();
    for (const [address, buffer] of state.buffers) {
      if (buffer.home !== card) continue;
      if (!pools.has(buffer.pool)) pools.set(buffer.pool, []);
      pools.get(buffer.pool).push([address, buffer]);
    }
    const current = 'dDfn'.includes(event[2]) ? event['dD'.includes(event[2]) ? 3 : event[2] === 'f' ? 9 : 7] : null;
    let html = '';
    for (const [pool, buffers] of pools) {
      buffers.sort((a, b) => a[0].length - b[0].length || (a[0] < b[0] ? -1 : 1));
      const held = buffers.filter(([, buffer]) => buffer.owner !== Driver).length;
      html += `<h3>Buffers ${safe(pool)}: ${buffers.length} seen, ${held} with a card, ${buffers.length - held} with the driver</h3>`
        + `<div class="pool" role="img" aria-label="${held} of ${buffers.length} buffers are with a card">`
        + buffers.map(([address, buffer]) => `<i class="${tints[buffer.owner]}${address === current ? ' on' : ''}" title="0x${address}: `
          + `${buffer.owner === Driver ? 'the driver has it' : `descriptor ${buffer.slot} of ${nameOf(buffer.ring, card)}`}"></i>`).join('') + '</div>';
    }
    return html;
  }

  function showRegisters() {
    const most = 60, all = [...state.registers].sort((a, b) => b[1].at - a[1].at);
    const rows = all.slice(0, most).map(([key, known]) => {
      const card = Math.floor(key / 65536), [name, meaning, section] = registers[key % 65536];
      return `<tr${known.at === now ? ' class="changed"' : ''}><td class="number">${card}</td>`
        + `<td><button type="button" data-go="${known.at}" data-key="${key}">${safe(name)}</button></td><td class="number">${hex(known.value, 2 * known.size)}</td>`
        + `<td class="number">${known.count}</td><td>${safe(meaning)}${section ? ` <span class="soft">${safe(section)}</span>` : ''}</td></tr>`;
    });
    $('register-table').innerHTML = rows.length
      ? table(rows, ['Card', 'Register', 'Value', 'Accesses', 'Meaning'])
        + (all.length > most ? `<p class="soft">and ${all.length - most} that were accessed longer ago: search for them.</p>` : '') : '<p class="soft">None yet.</p>';
  }

  // ---- The strip: all events beside each other, one lane for each class ----

  const lanes = ['register', 'dma', 'wire', 'other'];
  let strip = null;

  function drawStrip() {
    const canvas = $('strip'), scale = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * scale)), height = Math.round(34 * scale);
    const style = getComputedStyle(document.documentElement), color = name => style.getPropertyValue(`--${name}`).trim();
    if (!strip || strip.width !== width || strip.ink !== color('text')) {
      strip = Object.assign(document.createElement('canvas'), { width, height });
      strip.ink = color('text');
      const pen = strip.getContext('2d'), mark = Math.max(scale, width / count);
      for (let i = 0; i < count; i++) {
        const name = kindClass(events[i]), lane = lanes.indexOf(name), isBad = name === 'bad';
        pen.fillStyle = color(name);
        if (isBad) pen.fillRect(i * width / count, 0, Math.max(2 * scale, mark), height);
        else pen.fillRect(i * width / count, lane * height / 4 + scale, mark, height / 4 - 2 * scale);
      }
    }
    if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
    const pen = canvas.getContext('2d');
    pen.clearRect(0, 0, width, height);
    pen.drawImage(strip, 0, 0);
    pen.fillStyle = color('text');
    pen.fillRect((now + 0.5) * width / count - scale, 0, 2 * scale, height);
  }

  // ---- Search ----

  let texts = null, matches = [];

  function search() {
    const query = $('query').value.trim().toLowerCase();
    texts = texts || events.map((event, i) => {
      const extra = event[2] === 'v' ? ` ${event[6]} ${event[7]}` : isRegister(event)
        ? ` ${registers[event[3]][1]} ${registers[event[3]][2]} ${site(event[6])}` : '';
      return `${describe(i)} card ${event[1]}${extra}`.toLowerCase();
    });
    matches = query === '' ? [] : texts.reduce((found, text, i) => {
      if (text.includes(query)) found.push(i);
      return found;
    }, []);
    showFound(query);
  }

  const site = index => index === undefined ? '' : `${sites[index][1] || ''}:${sites[index][2]} ${sites[index][0]}`;

  function showFound(query) {
    const place = matches.indexOf(now);
    $('found').textContent = query === '' ? '' : matches.length === 0 ? 'nothing found'
      : place >= 0 ? `${place + 1} of ${matches.length}` : `${matches.length} found`;
  }

  function goToMatch(by) {
    if (matches.length === 0) return;
    const next = by > 0 ? matches.find(i => i > now) ?? matches[0]
      : [...matches].reverse().find(i => i < now) ?? matches[matches.length - 1];
    go(next);
    showFound(' ');
  }

  // ---- Wiring ----

  $('title').textContent = data.title;
  const rules = events.filter(isRule).length;
  $('about').innerHTML = count === 0 ? 'Nothing happened.'
    : `${some(count, 'event')} of ${some(cards.length, 'card')} in ${showTime(times[count - 1] - times[0])}, `
      + (frames.length ? some(frames.length, 'different frame') : 'no frame') + (data.leftOut ? '; it ends where the film was full' : '')
      + (rules ? `; <a href="#" id="to-rule" class="down">${some(rules, 'broken rule or double use', 'broken rules or double uses')}</a>` : '; no rule broken');
  if (count === 0) return;
  $('slider').max = count;
  $('first').onclick = () => go(0);
  $('last').onclick = () => go(count - 1);
  $('back').onclick = () => move(-1);
  $('step').onclick = () => move(1);
  $('slider').oninput = () => go($('slider').value - 1);
  $('strip').onclick = e => go(Math.floor(e.offsetX / $('strip').clientWidth * count));
  $('query').oninput = search;
  $('search').onsubmit = e => { e.preventDefault(); goToMatch(1); };
  $('previous').onclick = () => goToMatch(-1);
  $('query').onkeydown = e => {
    if (e.key === 'Enter' && e.shiftKey) { e.preventDefault(); goToMatch(-1); }
    if (e.key === 'Escape') $('query').blur();
  };
  if ($('to-rule')) $('to-rule').onclick = e => { e.preventDefault(); go(events.findIndex(isRule)); };
  document.addEventListener('click', e => {
    const target = e.target.closest('[data-go], [data-index]');
    if (!target) return;
    e.preventDefault();
    const [inTable, inDetail, key] = [target.closest('#register-table'), target.closest('#detail'), target.dataset.key];
    go(+(target.dataset.go ?? target.dataset.index));
    // What was clicked is drawn anew, and would take the focus with it.
    if (inTable) inTable.querySelector(`[data-key="${key}"]`)?.focus();
    else if (inDetail) $('now').focus();
  });
  document.addEventListener('keydown', e => {
    if (e.ctrlKey || e.altKey || e.metaKey || e.target === $('query')) return;
    // Slider and list of units have their own meaning for these; all else is a shortcut there, too.
    if (/^(INPUT|SELECT)$/.test(e.target.tagName) && /^(Arrow|Home|End|Page)/.test(e.key)) return;
    const keys = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), ArrowUp: () => move(-1), ArrowDown: () => move(1),
      Home: () => go(0), End: () => go(count - 1), PageUp: () => go(now - 20), PageDown: () => go(now + 20),
      p: () => move(1, 'packet'), P: () => move(-1, 'packet'), r: () => move(1, 'register'), R: () => move(-1, 'register'),
      e: () => move(1, 'event'), E: () => move(-1, 'event'), b: () => move(1, 'rule'), B: () => move(-1, 'rule'),
      '/': () => $('query').focus() };
    if (!keys[e.key]) return;
    // Up and down scroll the page, but step in the list.
    if (/^Arrow(Up|Down)$/.test(e.key) && e.target !== $('list')) return;
    e.preventDefault();
    keys[e.key]();
  });
  addEventListener('hashchange', () => { const index = find(location.hash); if (index >= 0) go(index, true); });
  addEventListener('resize', drawStrip);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawStrip);
  go(Math.max(0, find(location.hash)), true);
})();
