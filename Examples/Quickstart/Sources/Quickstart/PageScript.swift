/// The page's script: two streams, their events, and the animated charts.
let pageScript = #"""
  "use strict";
  const byID = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(selector)];

  // The streams. The browser reconnects by itself and sends the last event ID, which is all that resuming needs. It
  // stops when a server rejects it, and a page in the background closes its connections, because a browser has only six
  // per server. Then a new source sends the last event ID in its query.
  const streams = {};

  function follow(name, listeners) {
    const stream = streams[name] = { state: "connecting", last: "", source: null, timer: 0 };
    const become = (state) => { stream.state = state; showState(); };
    stream.open = () => {
      stream.close();
      const query = stream.last && `?lastEventID=${encodeURIComponent(stream.last)}`;
      const source = stream.source = new EventSource(`/events/${name}${query}`);
      source.onopen = () => become("live");
      source.onerror = () => {
        become("lost");
        if (source.readyState !== EventSource.CLOSED) return;
        stream.timer = setTimeout(stream.open, 1000 + 1000 * Math.random());
      };
      for (const [type, listener] of Object.entries(listeners)) {
        source.addEventListener(type, (event) => {
          stream.last = event.lastEventId || stream.last;
          listener(event.data);
        });
      }
    };
    stream.close = () => {
      clearTimeout(stream.timer);
      stream.source?.close();
    };
    if (!document.hidden) stream.open();
  }

  document.addEventListener("visibilitychange", () => {
    for (const stream of Object.values(streams)) document.hidden ? stream.close() : stream.open();
  });

  const words = { live: "live", connecting: "connecting", lost: "connection lost, reconnecting" };
  let resumed = 0;
  function showState() {
    const states = Object.values(streams).map((stream) => stream.state);
    const state = ["lost", "connecting"].find((state) => states.includes(state)) ?? "live";
    if (state === document.body.dataset.state) return;
    if (state === "live" && document.body.dataset.state === "lost") resumed++;
    document.body.dataset.state = byID("state").dataset.state = state;
    byID("state").textContent = state === "live" && resumed ? `live, resumed ${resumed}×` : words[state];
  }

  // The wall. Posted text comes from strangers, so it is inserted as text, never as markup.
  follow("wall", {
    "message": (text) => {
      add(text);
      // The ID becomes part of a command that users copy, and the publisher can choose it.
      if (/^[\w.:-]+$/.test(streams.wall.last)) byID("last").textContent = streams.wall.last;
    },
    "eventsource-gap": () => add("The server was restarted, or more was posted than it keeps.", "note"),
  });

  function add(text, kind = "message") {
    const item = document.createElement("li");
    item.textContent = text;
    item.className = kind;
    byID("wall").prepend(item);
    while (byID("wall").childElementCount > 200) byID("wall").lastElementChild.remove();
  }

  byID("post").addEventListener("submit", async (submission) => {
    submission.preventDefault();
    const field = byID("text"), text = field.value;
    try {
      const response = await fetch("/publish/wall", { method: "POST", body: text });
      if (!response.ok) throw new Error(await response.text());
      byID("problem").hidden = true;
      if (field.value === text) field.value = "";
    } catch (error) {
      byID("problem").textContent = `Not posted: ${error.message}`;
      byID("problem").hidden = false;
    }
  });

  for (const element of all(".origin")) element.textContent = location.origin;

  // The figures. Everyone can publish to this channel, so other events are skipped.
  const keys = ["time", "cpu", "memory", "memoryTotal", "load", "received", "sent"];
  const samples = [];
  follow("machine", { "message": (text) => {
    const sample = parse(text);
    if (!keys.every((key) => Number.isFinite(sample?.[key]))) return;
    if (samples.length && sample.time <= samples.at(-1).time) samples.length = 0;
    // An upper bound of the difference between the server's clock and ours: no event arrives before it was created.
    samples.push({ ...sample, apart: performance.now() - sample.time });
    while (samples[0].time < sample.time - span - 10_000) samples.shift();
    for (const element of all("[data-value]")) {
      const key = element.dataset.value;
      element.textContent = texts[key](sample[key]);
    }
  } });

  function parse(text) {
    try { return JSON.parse(text); } catch { return null; }
  }

  const percent = (value) => `${value.toFixed(0)} %`;
  const gibibytes = (value) => `${(value / 1024).toFixed(1)} GiB`;
  function rate(value) {
    const power = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
    const figure = value / 1000 ** power;
    return `${figure.toFixed(power && figure < 10 ? 1 : 0)} ${["B", "kB", "MB", "GB"][power]}/s`;
  }
  const texts = { cpu: percent, memory: gibibytes, memoryTotal: (value) => `of ${gibibytes(value)}`,
    load: (value) => value.toFixed(2), received: rate, sent: rate };

  // The charts move a pixel at a time and a second late, so the next point of the line is already known.
  const span = 60_000;
  const charts = all("canvas").map((canvas) => ({ canvas, keys: canvas.dataset.lines.split(" "), top: 0 }));

  // Returns the smallest of 1, 2, 3, 5, 10, 20 … that is not below the value.
  function round(value) {
    const unit = 10 ** Math.floor(Math.log10(value));
    return unit * [1, 2, 3, 5, 10].find((step) => value <= step * unit * 1.0001);
  }

  function topOf(keys) {
    if (keys[0] === "cpu") return 100;
    if (keys[0] === "memory") return samples.at(-1).memoryTotal;
    const most = Math.max(...samples.flatMap((sample) => keys.map((key) => sample[key])));
    return round(Math.max(most * 1.1, keys[0] === "load" ? 1 : 1000));
  }

  // Draws the lines of one key: flat at each sample, a smooth step between two, and a gap where samples are missing.
  function lines(key, right, width) {
    const found = [];
    let line = null;
    for (let index = 1; index < samples.length; index++) {
      const from = samples[index - 1], to = samples[index], gap = to.time - from.time;
      if (from.time > right) break;
      if (gap > 3000) {
        line = null;
        continue;
      }
      if (!line) found.push(line = []);
      for (let step = 0; step <= 16; step++) {
        const time = Math.min(from.time + gap * step / 16, right), part = (time - from.time) / gap;
        const value = from[key] + (to[key] - from[key]) * part * part * (3 - 2 * part);
        line.push([width - (right - time) / span * width, value]);
        if (time === right) break;
      }
    }
    return found;
  }

  function draw(now) {
    const root = getComputedStyle(document.documentElement);
    const color = (name) => root.getPropertyValue(`--${name}`).trim();
    const right = now - 1000 - Math.min(...samples.map((sample) => sample.apart));
    for (const chart of charts) {
      const { canvas, keys } = chart, scale = devicePixelRatio || 1;
      const size = { width: canvas.clientWidth, height: canvas.clientHeight };
      if (canvas.width !== Math.round(size.width * scale) || canvas.height !== Math.round(size.height * scale)) {
        canvas.width = Math.round(size.width * scale);
        canvas.height = Math.round(size.height * scale);
      }
      const context = canvas.getContext("2d");
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      const floor = size.height - 18, width = size.width - 8;

      context.strokeStyle = color("grid");
      context.lineWidth = 1;
      for (const part of [0, .5, 1]) {
        const y = Math.round(floor - part * (floor - 16)) + .5;
        context.beginPath();
        context.moveTo(0, y);
        context.lineTo(size.width, y);
        context.stroke();
      }
      context.fillStyle = color("faint");
      context.font = getComputedStyle(canvas).font;
      context.textAlign = "left";
      context.fillText("a minute ago", 0, size.height - 2);
      context.textAlign = "right";
      context.fillText("now", size.width, size.height - 2);
      if (!samples.length) continue;
      const top = topOf(keys);
      context.textAlign = "left";
      context.fillText(texts[keys[0]](top), 0, 11);
      chart.top = chart.top && !still.matches ? chart.top + (top - chart.top) * .12 : top;

      for (const key of keys) {
        for (const line of lines(key, right, width)) {
          const points = line.map(([x, value]) => [x, floor - Math.min(value / chart.top, 1.05) * (floor - 16)]);
          drawLine(context, points, color(key), floor, points.at(-1)[0] === width);
        }
      }
    }
  }

  function drawLine(context, points, color, floor, isCurrent) {
    const line = new Path2D(), [x, y] = points.at(-1);
    for (const point of points) line.lineTo(...point);
    const area = new Path2D(line);
    area.lineTo(x, floor);
    area.lineTo(points[0][0], floor);
    const shade = context.createLinearGradient(0, 0, 0, floor);
    shade.addColorStop(0, color);
    shade.addColorStop(1, `${color}00`);
    context.globalAlpha = .22;
    context.fillStyle = shade;
    context.fill(area);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = color;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.stroke(line);
    if (!isCurrent) return;
    context.beginPath();
    context.arc(x, y, 3.5, 0, 2 * Math.PI);
    context.fill();
    context.globalAlpha = .2;
    context.beginPath();
    context.arc(x, y, 7, 0, 2 * Math.PI);
    context.fill();
    context.globalAlpha = 1;
  }

  // With reduced motion, the chart is redrawn once a second.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  function frame(now) {
    draw(now);
    still.matches ? setTimeout(() => requestAnimationFrame(frame), 1000) : requestAnimationFrame(frame);
  }
  requestAnimationFrame(frame);
  """#
