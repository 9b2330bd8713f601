/// A page with four readers. It shows which process serves each, and counts what each has missed.
enum Page {
  static let html = """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Several processes</title>
    <link rel="icon" href="data:,">
    <style>
      body { font: 16px/1.5 system-ui; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color-scheme: light dark; }
      #readers { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
      article { border: 2px solid #8888; border-radius: .5rem; padding: .5rem 1rem; }
      article[data-process=one] { border-color: #d9480f; }
      article[data-process=two] { border-color: #1971c2; }
      article[data-process=three] { border-color: #2f9e44; }
      article.lost { border-style: dashed; opacity: .6; }
      h2 { font-size: 1rem; margin: 0; }
      dl { display: grid; grid-template-columns: 1fr auto; margin: 0; font-variant-numeric: tabular-nums; }
      dd { margin: 0; text-align: right; }
    </style>
    <h1>Several processes</h1>
    <p>Each box is a reader, behind nginx. Three processes publish and serve them; the history is on Redis. Kill any of
      them, as the terminal says: readers move to another process, and miss nothing.</p>
    <section id="readers"></section>
    <script type="module">
      const page = Math.random().toString(36).slice(2, 8)

      class Reader {
        counts = { events: 0, missed: 0, twice: 0, gaps: 0, moves: 0 }
        process = ""
        nextNumbers = new Map()
        newest = {}

        constructor(index) {
          this.name = `${page}-${index}`
          this.box = document.createElement("article")
          document.getElementById("readers").append(this.box)
          this.source = new EventSource(`/events/room?reader=${this.name}`)
          this.source.onopen = () => this.show()
          this.source.onerror = () => this.show()
          this.source.onmessage = (event) => this.tick(...event.data.split(" "))
          this.source.addEventListener("served", (event) => this.served(...event.data.split(" ")))
          this.source.addEventListener("eventsource-gap", () => { this.counts.gaps += 1; this.show() })
          this.index = index
          this.show()
        }

        tick(process, run, text) {
          const number = Number(text)
          this.counts.events += 1
          // The first run of a process may have begun before this page. Every other one begins at 0.
          const isFirst = !(process in this.newest)
          this.newest[process] = `${run} ${number}`
          const next = this.nextNumbers.get(run) ?? (isFirst ? number : 0)
          if (number < next) this.counts.twice += 1
          else {
            this.counts.missed += number - next
            this.nextNumbers.set(run, number + 1)
          }
          this.show()
        }

        served(name, process) {
          if (name !== this.name) return
          if (this.process) this.counts.moves += 1
          this.process = process
          this.show()
        }

        show() {
          this.box.dataset.process = this.process
          this.box.classList.toggle("lost", this.source.readyState !== EventSource.OPEN)
          const rows = { process: this.process || "…", ...this.counts }
          const labels = { process: "served by", events: "events", missed: "missed", twice: "came twice",
            gaps: "gaps told", moves: "reconnections" }
          const title = document.createElement("h2")
          title.textContent = `Reader ${this.index}`
          const list = document.createElement("dl")
          for (const [key, value] of Object.entries(rows)) {
            list.append(Object.assign(document.createElement("dt"), { textContent: labels[key] }))
            list.append(Object.assign(document.createElement("dd"), { textContent: value }))
          }
          this.box.replaceChildren(title, list)
        }
      }
      // A browser opens at most six connections to one host over HTTP/1.1.
      window.readers = [1, 2, 3, 4].map((index) => new Reader(index))
    </script>
    </html>

    """
}
