/// The page, in one piece, so that the program runs from any folder.
let page = #"""
  <!doctype html>
  <html lang="en">
  <head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>EventSourceKit Quickstart</title>
  <link rel="icon" href="data:,">
  <style>
    :root {
      color-scheme: light dark;
      --ground: light-dark(#f6f5f2, #14161a); --card: light-dark(#ffffff, #1d2026);
      --ink: light-dark(#1c1d20, #eceef1); --faint: light-dark(#6a6d75, #969ba6);
      --line: light-dark(#e4e2dc, #2c3038); --accent: light-dark(#c2410c, #fb923c);
      --good: light-dark(#15803d, #4ade80); --bad: light-dark(#b91c1c, #f87171);
    }
    * { box-sizing: border-box; margin: 0; }
    body { background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
    main { max-width: 1040px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
    header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; margin-bottom: 1.75rem; }
    h1 { font-size: 1.6rem; letter-spacing: -.02em; }
    h2 { font-size: 1.05rem; margin-bottom: .75rem; }
    #state { margin-left: auto; font-size: .9rem; color: var(--faint); display: flex; gap: .5rem; align-items: center; }
    #state::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; background: var(--faint); }
    #state[data-state=live]::before { background: var(--good); box-shadow: 0 0 0 4px color-mix(in srgb,
      var(--good) 22%, transparent); }
    #state[data-state=lost]::before { background: var(--bad); }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(230px, 1fr)); gap: 1rem;
      margin-bottom: 1rem; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.2rem; }
    .card dt { color: var(--faint); font-size: .85rem; }
    .card dd { font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
    canvas { display: block; width: 100%; height: 84px; margin-top: .6rem; }
    form { display: flex; gap: .6rem; margin-bottom: 1rem; }
    input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--ground);
      border: 1px solid var(--line); border-radius: 9px; padding: .55rem .8rem; }
    button { font: inherit; font-weight: 600; color: light-dark(#fff, #1a1206); background: var(--accent); border: 0;
      border-radius: 9px; padding: .55rem 1.1rem; cursor: pointer; }
    input:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    #wall { list-style: none; padding: 0; display: flex; flex-direction: column-reverse; }
    #wall li { padding: .55rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; white-space: pre-wrap; }
    #wall li:last-child { border-top: 0; }
    #wall li.note { color: var(--faint); font-size: .88rem; }
    #empty { color: var(--faint); }
    #wall:not(:empty) + #empty { display: none; }
  </style>
  </head>
  <body>
  <main>
    <header>
      <h1>This machine, live</h1>
      <p id="state" role="status" data-state="connecting">connecting</p>
    </header>
    <dl class="charts" aria-label="Figures of the machine over the last minute">
      <div class="card"><dt>Processor</dt><dd id="cpu">–</dd><canvas data-key="cpu" data-top="100"></canvas></div>
      <div class="card"><dt>Memory</dt><dd id="memory">–</dd><canvas data-key="memory"></canvas></div>
      <div class="card"><dt>Load</dt><dd id="load">–</dd><canvas data-key="load"></canvas></div>
      <div class="card"><dt>Network</dt><dd id="network">–</dd><canvas data-key="network"></canvas></div>
    </dl>
    <section class="card" aria-labelledby="wall-title">
      <h2 id="wall-title">The wall</h2>
      <form id="post">
        <input id="text" name="text" maxlength="2000" autocomplete="off"
          placeholder="Say something to everyone" aria-label="Message" required>
        <button>Post</button>
      </form>
      <ol id="wall" aria-live="polite"></ol>
      <p id="empty">Nothing yet. Open a second window, and post.</p>
    </section>
  </main>
  <script>
    "use strict";
    const byID = (id) => document.getElementById(id);
    const span = 60;                       // seconds shown
    const samples = [];                    // { time, cpu, memory, load, network }
    const limits = { memory: 1 };
    let skew = Infinity;
    const sources = {};

    // The state of both streams, as one.
    const states = { machine: "connecting", wall: "connecting" };
    let losses = 0;
    function setState(name, state) {
      if (state === "lost" && states[name] === "live" && name === "machine") losses++;
      states[name] = state;
      const all = Object.values(states);
      const shown = all.includes("lost") ? "lost" : all.includes("connecting") ? "connecting" : "live";
      byID("state").dataset.state = shown;
      const words = { live: "live", lost: "connection lost, reconnecting", connecting: "connecting" };
      byID("state").textContent = shown === "live" && losses ? `live, resumed ${losses}×` : words[shown];
    }

    // A browser gives up for good after some failures; then a new source continues where the last one was.
    function follow(name, listeners) {
      let last = "", source;
      const open = () => {
        const query = last ? `?lastEventID=${encodeURIComponent(last)}` : "";
        source = sources[name] = new EventSource(`/events/${name}${query}`);
        source.onopen = () => setState(name, "live");
        source.onerror = () => {
          setState(name, "lost");
          if (source.readyState === EventSource.CLOSED) setTimeout(open, 1000 + Math.random() * 1000);
        };
        for (const [type, listener] of Object.entries(listeners)) {
          source.addEventListener(type, (event) => { last = event.lastEventId || last; listener(event); });
        }
      };
      open();
    }

    follow("machine", { message: (event) => {
      const figures = JSON.parse(event.data);
      if (typeof figures.cpu !== "number") return;
      limits.memory = figures.memoryTotal;
      // Their clock and ours differ by something, and no event comes before it was made.
      skew = Math.min(skew, performance.now() - figures.time);
      samples.push({ time: figures.time, cpu: figures.cpu, memory: figures.memory, load: figures.load,
        network: figures.received + figures.sent });
      while (samples.length > span + 5) samples.shift();
      byID("cpu").textContent = `${figures.cpu.toFixed(0)} %`;
      const used = (figures.memory / 1024).toFixed(1), total = (figures.memoryTotal / 1024).toFixed(0);
      byID("memory").textContent = `${used} of ${total} GiB`;
      byID("load").textContent = figures.load.toFixed(2);
      byID("network").textContent = rate(figures.received + figures.sent);
    } });

    follow("wall", {
      message: (event) => add(event.data),
      "eventsource-gap": () => add("Some messages from before were not kept.", "note"),
    });

    // Text, never markup: what is posted is somebody's.
    function add(text, kind) {
      const item = document.createElement("li");
      item.textContent = text;
      if (kind) item.className = kind;
      byID("wall").append(item);
      while (byID("wall").childElementCount > 200) byID("wall").firstElementChild.remove();
    }

    byID("post").addEventListener("submit", async (submission) => {
      submission.preventDefault();
      const field = byID("text"), text = field.value;
      if (!text) return;
      try {
        const response = await fetch("/publish/wall", { method: "POST", body: text });
        if (!response.ok) throw new Error(await response.text());
        field.value = "";
      } catch (error) { add(`Not posted: ${error.message}`, "note"); }
    });

    function rate(bytes) {
      if (bytes < 1000) return `${bytes.toFixed(0)} B/s`;
      for (const unit of ["kB/s", "MB/s"]) {
        bytes /= 1000;
        if (bytes < 1000) return `${bytes.toFixed(1)} ${unit}`;
      }
      return `${(bytes / 1000).toFixed(2)} GB/s`;
    }

    // The charts move a pixel at a time, one second behind, so that the newest point is always known.
    function draw(now) {
      for (const canvas of document.querySelectorAll("canvas")) {
        const scale = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
        if (canvas.width !== width * scale) { canvas.width = width * scale; canvas.height = height * scale; }
        const context = canvas.getContext("2d"), key = canvas.dataset.key;
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, width, height);
        if (samples.length < 2) continue;
        const top = Number(canvas.dataset.top) || limits[key] || Math.max(1, ...samples.map((s) => s[key])) * 1.15;
        const points = samples.map((s) => [width - (now - 1000 - s.time - skew) / (span * 1000) * width,
          height - 2 - Math.min(s[key] / top, 1) * (height - 6)]);
        context.beginPath();
        points.forEach(([x, y], i) => {
          if (i === 0) return context.moveTo(x, y);
          const [px, py] = points[i - 1], middle = (px + x) / 2;
          context.bezierCurveTo(middle, py, middle, y, x, y);
        });
        context.strokeStyle = getComputedStyle(document.querySelector("button")).backgroundColor;
        context.lineWidth = 2; context.lineJoin = "round"; context.stroke();
        context.lineTo(points.at(-1)[0], height); context.lineTo(points[0][0], height); context.closePath();
        context.globalAlpha = .13; context.fillStyle = context.strokeStyle; context.fill(); context.globalAlpha = 1;
      }
      requestAnimationFrame(draw);
    }
    requestAnimationFrame(draw);
  </script>
  </body>
  </html>
  """#
