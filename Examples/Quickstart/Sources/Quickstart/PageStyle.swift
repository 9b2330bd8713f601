/// The page's style: light and dark, wide and narrow.
let pageStyle = #"""
  :root {
    --ground: #f4f4f7; --card: #ffffff; --well: #f6f6f9; --edge: #e3e3ea; --ink: #17181c; --faint: #5f6470;
    --grid: #ececf1; --accent: #4f46e5; --on-accent: #ffffff;
    --cpu: #4f46e5; --memory: #0d8a72; --load: #c2570c; --received: #0a7dbd; --sent: #b8327f;
    --good: #15803d; --wait: #a16207; --bad: #b91c1c;
    --shadow: 0 1px 2px rgb(20 20 40 / .05), 0 8px 24px rgb(20 20 40 / .05);
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --ground: #0f1014; --card: #181a20; --well: #101217; --edge: #272a33; --ink: #eceef3; --faint: #9aa0ad;
      --grid: #23262e; --accent: #8b8cf8; --on-accent: #10111a;
      --cpu: #8b8cf8; --memory: #34d0ac; --load: #fb9a50; --received: #4cb8f0; --sent: #f179b5;
      --good: #4ade80; --wait: #facc15; --bad: #f87171;
      --shadow: none;
    }
  }
  * { box-sizing: border-box; margin: 0; }
  [hidden] { display: none !important; }
  body { background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
    max-width: 1240px; margin: 0 auto; padding: 2rem 1.5rem 3rem; -webkit-font-smoothing: antialiased; }
  .faint { color: var(--faint); font-size: .9rem; }
  code { font: .88em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }

  header { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center; justify-content: space-between;
    margin-bottom: 1.5rem; }
  h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.025em; }
  h2 { font-size: .9rem; font-weight: 600; color: var(--faint); }

  #state { --tone: var(--wait); display: flex; align-items: center; gap: .55rem; font-size: .9rem; font-weight: 500;
    padding: .35rem .85rem .35rem .7rem; border-radius: 99px; background: var(--card); border: 1px solid var(--edge); }
  #state::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--tone);
    box-shadow: 0 0 0 .2rem color-mix(in srgb, var(--tone) 22%, transparent); }
  #state[data-state=live] { --tone: var(--good); }
  #state[data-state=lost] { --tone: var(--bad); border-color: color-mix(in srgb, var(--bad) 45%, var(--edge)); }

  main { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); gap: 1rem; }
  .card { background: var(--card); border: 1px solid var(--edge); border-radius: 16px; padding: 1.1rem 1.25rem;
    box-shadow: var(--shadow); }
  .figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
  .value { font-size: 1.6rem; line-height: 1.3; font-weight: 650; letter-spacing: -.02em;
    font-variant-numeric: tabular-nums; }
  .value small { font-size: .85rem; font-weight: 500; letter-spacing: 0; color: var(--faint); }
  .value.two { display: flex; flex-wrap: wrap; gap: 0 1rem; font-size: 1.25rem; line-height: 2.08rem; }
  .value .received::before, .value .sent::before { content: ""; display: inline-block; width: .55rem; height: .55rem;
    border-radius: 50%; background: var(--received); margin-right: .3rem; }
  .value .sent::before { background: var(--sent); }
  canvas { display: block; width: 100%; height: 132px; margin-top: .5rem; color: var(--faint);
    font: 11px system-ui, sans-serif; transition: opacity .4s; }
  body:not([data-state=live]) canvas { opacity: .55; }

  form { display: flex; gap: .6rem; margin: .75rem 0; }
  input, button { font: inherit; border-radius: 10px; padding: .55rem .9rem; }
  input { flex: 1; min-width: 0; color: inherit; background: var(--well); border: 1px solid var(--edge); }
  input::placeholder { color: var(--faint); opacity: 1; }
  button { font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; cursor: pointer; }
  button:hover { filter: brightness(1.08); }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  #problem { color: var(--bad); font-size: .9rem; margin-bottom: .75rem; overflow-wrap: anywhere; }
  .wall { display: flex; flex-direction: column; }
  #wall { list-style: none; padding: 0; display: flex; flex-direction: column; gap: .5rem; overflow-y: auto;
    flex: 1 1 0; min-height: 0; border-radius: 10px; scrollbar-width: thin; scrollbar-color: var(--edge) transparent; }
  #wall li { padding: .55rem .9rem; border-radius: 10px; background: var(--well); overflow-wrap: anywhere;
    white-space: pre-wrap; animation: arrive .35s ease-out; }
  #wall li.note { background: none; color: var(--faint); font-size: .86rem; text-align: center; padding: .2rem .9rem; }
  #wall:not(:empty) + #empty, #wall:empty { display: none; }
  @keyframes arrive { from { opacity: 0; transform: translateY(-.5rem); } }

  .terminal { grid-column: 1 / -1; }
  .terminal dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
    gap: .75rem 1rem; margin: .75rem 0 1rem; }
  .terminal dt { font-size: .86rem; }
  .terminal dd { margin-top: .2rem; }
  .terminal dd code { display: block; background: var(--well); border-radius: 8px; padding: .45rem .7rem;
    overflow-wrap: anywhere; }

  @media (max-width: 900px) {
    main { grid-template-columns: minmax(0, 1fr); }
    #wall { flex-basis: auto; max-height: 24rem; }
  }
  @media (max-width: 560px) {
    body { padding: 1.25rem 1rem 2rem; }
    .figures { grid-template-columns: minmax(0, 1fr); }
    canvas { height: 104px; }
  }
  @media (prefers-reduced-motion: reduce) {
    #wall li { animation: none; }
    canvas { transition: none; }
  }
  """#
