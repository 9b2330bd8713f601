"""Tests Node's own fetch, with a typical hand-written parser, with our server.

usage: node-fetch.py PROGRAM [EVHTTP-SERVER]
"""

from schedule import JSONListener, exercise_client

SCRIPT = """
const url = process.argv[1];
let lastEventID = "", wait = 100;

async function read() {
  const response = await fetch(url, { headers: lastEventID ? { "Last-Event-ID": lastEventID } : {} });
  const decoder = new TextDecoder();
  let rest = "", data = [], id = lastEventID;
  // Ends at the response's end; where it was cut off, this throws.
  for await (const piece of response.body) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\\n");
    rest = lines.pop();
    for (const line of lines) {
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (line === "") {
        if (data.length) {
          lastEventID = id;
          console.log(JSON.stringify({ data: data.join("\\n"), lastEventID }));
        }
        data = [];
      } else if (name === "data") data.push(value);
      else if (name === "id") id = value;
      else if (name === "retry" && /^\\d+$/.test(value)) wait = Number(value);
    }
  }
}

(async () => {
  for (;;) {
    try { await read(); } catch (error) { if (!(error instanceof TypeError)) throw error; }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
})();
"""

exercise_client(lambda url: JSONListener(["node", "-e", SCRIPT, url]))
