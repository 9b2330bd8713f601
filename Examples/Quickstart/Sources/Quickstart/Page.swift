/// The page's markup. Markup, style and script are part of the program, so it runs from any folder.
let page = #"""
  <!doctype html>
  <html lang="en">
  <head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>EventSourceKit Quickstart</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/page.css">
  <script src="/page.js" defer></script>
  </head>
  <body>
  <header>
    <div>
      <h1>This machine, live</h1>
      <p class="faint">Two event streams, and the browser’s own <code>EventSource</code>.</p>
    </div>
    <p id="state" role="status" data-state="connecting">connecting</p>
  </header>
  <main>
    <section class="figures" aria-label="Figures of this machine">
      <article class="card">
        <h2>Processor</h2>
        <p class="value"><span data-value="cpu">–</span></p>
        <canvas role="img" aria-label="Processor use in the last minute" data-lines="cpu"></canvas>
      </article>
      <article class="card">
        <h2>Memory</h2>
        <p class="value"><span data-value="memory">–</span> <small data-value="memoryTotal"></small></p>
        <canvas role="img" aria-label="Memory in use in the last minute" data-lines="memory"></canvas>
      </article>
      <article class="card">
        <h2>Load</h2>
        <p class="value"><span data-value="load">–</span></p>
        <canvas role="img" aria-label="Load in the last minute" data-lines="load"></canvas>
      </article>
      <article class="card">
        <h2>Network</h2>
        <p class="value two">
          <span><span data-value="received">–</span> <small class="received">in</small></span>
          <span><span data-value="sent">–</span> <small class="sent">out</small></span>
        </p>
        <canvas role="img" aria-label="Network traffic in the last minute" data-lines="received sent"></canvas>
      </article>
    </section>
    <section class="card wall" aria-labelledby="wall-title">
      <h2 id="wall-title">The wall</h2>
      <form id="post">
        <input id="text" maxlength="2000" autocomplete="off" required
          placeholder="Say something to everyone" aria-label="Message">
        <button>Post</button>
      </form>
      <p id="problem" role="alert" hidden></p>
      <ol id="wall" aria-live="polite" aria-labelledby="wall-title" tabindex="0"></ol>
      <p id="empty" class="faint">Nothing yet. Open a second window and post, or use the terminal.</p>
    </section>
    <section class="card terminal" aria-labelledby="terminal-title">
      <h2 id="terminal-title">From a terminal</h2>
      <dl>
        <div>
          <dt>Read the figures</dt>
          <dd><code>curl -N <span class="origin"></span>/events/machine</code></dd>
        </div>
        <div>
          <dt>Read the wall</dt>
          <dd><code>curl -N <span class="origin"></span>/events/wall</code></dd>
        </div>
        <div>
          <dt>Post on it</dt>
          <dd><code>curl -d 'Hello' <span class="origin"></span>/publish/wall</code></dd>
        </div>
        <div>
          <dt>Continue after the newest message</dt>
          <dd><code>curl -N <span class="origin"></span>/events/wall
            -H 'Last-Event-ID: <span id="last">…</span>'</code></dd>
        </div>
      </dl>
      <p class="faint">Cut the connection and mend it: the page continues after what it saw last, and shows what came
        meanwhile once. Stop the program and start it again: the page is told that it may have missed something.</p>
    </section>
  </main>
  </body>
  </html>
  """#
