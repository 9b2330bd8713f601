/// A page that shows one prompt in two viewers. Reloading the page does not lose the response.
enum Page {
  static let html = """
    <!doctype html>
    <meta charset="utf-8">
    <title>A run and its viewers</title>
    <style>
      body { font: 16px/1.5 system-ui; margin: 2rem auto; max-width: 60rem; }
      section { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
      pre { white-space: pre-wrap; border: 1px solid #ccc; padding: .5rem; min-height: 8rem; }
    </style>
    <form><input id="prompt" size="40" value="the quick brown fox">
      <input id="count" type="number" value="200"> <button>Ask</button>
      <button type="button" id="stop">Stop</button> <output id="state"></output></form>
    <section><pre id="first"></pre><pre id="second"></pre></section>
    <script type="module">
      const byID = (id) => document.getElementById(id)
      // A viewer is a plain EventSource. It begins at the beginning, and returns by itself when its connection breaks.
      function watch(run, id) {
        byID(id).textContent = ""
        const source = new EventSource(`/runs/${run}`)
        source.onmessage = (event) => {
          if (event.data === "[DONE]") return
          byID(id).textContent += JSON.parse(event.data).choices[0].delta.content ?? ""
        }
        source.addEventListener("eventsource-end", (event) => {
          source.close()
          byID("state").textContent = JSON.parse(event.data).outcome
        })
      }
      function watchBoth(run) {
        location.hash = run
        byID("state").textContent = "running"
        watch(run, "first")
        watch(run, "second")
      }
      document.querySelector("form").onsubmit = async (event) => {
        event.preventDefault()
        const answer = await fetch("/v1/chat/completions", {
          method: "POST", headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
          body: JSON.stringify({
            model: "echo", stream: true, max_tokens: Number(byID("count").value),
            messages: [{ role: "user", content: byID("prompt").value }],
          }),
        })
        const run = answer.headers.get("Location").split("/").pop()
        answer.body.cancel()
        watchBoth(run)
      }
      byID("stop").onclick = () => fetch(`/runs/${location.hash.slice(1)}`, { method: "DELETE" })
      if (location.hash) watchBoth(location.hash.slice(1))
    </script>

    """
}
