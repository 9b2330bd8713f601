"""Creates tables and plots of the results of compare.py."""

import math
import os

from servers import HERE

FOLDER = os.path.normpath(f"{HERE}/../../Sources/EventSourceServer/EventSourceServer.docc")
COLORS = {"floor": "#888888", "built-in": "#d9480f", "evhttp": "#1971c2", "Go eventsource": "#2f9e44",
          "nchan": "#9c36b5", "sse-starlette": "#e8a400"}


def number(value, digits=3):
    """Formats a number with three significant digits and without an exponent."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{float(f'{value:.{digits}g}'):,.0f}"
    return f"{value:.{digits}g}"


def size_text(count):
    """100 B, 10 kB, 1 MB."""
    count, unit = int(count), 0
    while count >= 1000:
        count, unit = count // 1000, unit + 1
    return f"{count} {['B', 'kB', 'MB'][unit]}"


def table(heads, rows):
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def ratio(results, name, key, to="floor"):
    """Returns the median of the rounds' ratios with the lowest and the highest, or the ratio of the medians."""
    measured = results[name].get("ratio", {}).get(key)
    if measured:
        return measured
    return [results[name][key] / results[to][key]] if to in results and results[to][key] else None


def ratio_text(measured):
    if not measured:
        return ""
    middle, *ends = (number(value, 3) for value in measured)
    return f"{middle} ({ends[0]} to {ends[1]})" if ends else middle


def compared(results, columns, to="floor"):
    """Returns one row per server. Each figure is followed by its ratio to the yardstick's."""
    rows = []
    for name, values in results.items():
        row = [name]
        for key, _ in columns:
            measured = ratio(results, name, key, to) if name != to and to in results else None
            row.append(number(values[key]) + (f" ({number(measured[0], 2)} x)" if measured else ""))
        rows.append(row)
    return table(["", *[title for _, title in columns]], rows)


def goals(results):
    """Returns the goals of DESIGN, each with the measured value."""
    fast, paced, idle, micro = (results[name] for name in ["full speed", "paced", "idle", "micro"])

    def row(what, goal, values, key, ours):
        names = ["floor", "Go eventsource", "nchan", ours]
        cells = [number(values[name][key]) if name in values else "" for name in names]
        return [what, goal, *cells, ratio_text(ratio(values, ours, key))]

    def late(key, stack):
        work = results["other work"].values()
        return " / ".join(number(values[stack][key]) for values in work)

    def publishing(name):
        times = results["slowest publish"][name]
        return f"{times['slowest'] / 1000:.2f}; of {times['publishes']:,.0f}"

    def channels(stack):
        steps = results["several channels"]["paced"].items()
        return [f"{number}: {ratio_text(values[stack]['ratio']['cpu_us'])}" for number, values in list(steps)[1:]]

    def against(name, goal):
        times = f"{fast['built-in']['rate'] / fast[name]['rate']:.0f} x" if name in fast else "not installed"
        return [f"the same, built-in, against {name}", goal, "", "", "", "", times]

    def nanoseconds(name):
        return float(micro[name].split("\t")[1].split()[0])

    def allocations(name):
        return micro[name].split("\t")[0]

    alone = nanoseconds("publish with 0 readers")
    many = nanoseconds("publish with 10,000 readers on another lane")
    rows = [
        row("delivered events/s at full speed, built-in", "0.8 of the floor", fast, "rate", "built-in"),
        against("Go eventsource", "20 x"),
        against("nchan", "10 x"),
        row("delivered events/s at full speed, evhttp", "0.8 of the floor", fast, "rate", "evhttp"),
        row("server CPU per delivered event, paced, us, built-in", "1.15 x at most", paced, "cpu_us", "built-in"),
        row("server CPU per delivered event, paced, us, evhttp", "1.2 x at most", paced, "cpu_us", "evhttp"),
        [*row("memory of an idle reader, KiB, built-in", "1 KiB at most", idle, "kib", "built-in")[:-1], ""],
        ["publish with no reader, ns", "under 300", "", "", "", f"{alone:.0f}", ""],
        ["the same with 10,000 readers on a lane that has been notified, ns", "2 x that at most", "", "", "", f"{many:.0f}",
         f"{many / alone:.2f}"],
        ["a quiet channel, bytes", "512 at most", "", "", "", f"{float(allocations('bytes of a channel')):.0f}; "
         f"{float(allocations('bytes of a channel that holds an event')):.0f} while it holds an event", ""],
        ["a run, bytes beside its events", "2,048 at most", "", "", "",
         f"{float(allocations('bytes of a run beside its events')):.0f}; "
         f"{float(allocations('bytes left by a finished run')):.0f} after its retention", ""],
        ["starting a run, ns", "5,000 at most", "", "", "", f"{nanoseconds('start a run'):.0f}", ""],
        *[[f"decoding, events/s, {name}", "0.4 of the floor", number(best["floor_parse whole"]), "",
           f"httpx-sse: {number(best['httpx-sse'])}" if "httpx-sse" in best else "", number(best["bench-parse whole"]),
           f"{best['bench-parse whole'] / best['floor_parse whole']:.2f}; in 16 KB chunks "
           f"{best['bench-parse 16 KB chunks'] / best['floor_parse whole']:.2f}; the strings alone "
           f"{best['bench-parse strings alone'] / best['floor_parse whole']:.2f}"]
          for name, best in results["decoding"].items()],
        ["the same, over events of " + " / ".join(size_text(size) for size in results["decoding over sizes"]), "flat", "",
         "", "", "", " / ".join(f"{best['bench-parse whole'] / best['floor_parse whole']:.2f}"
                                for best in results["decoding over sizes"].values())],
        *[[f"{what}, ms, {stack}, 1,000 events/s / full speed", "25 / 100 at most", "", "", "", late(key, stack), ""]
          for what, key, stacks in [
              ("p99 of a host's own route", "answer_p99_ms", fast), ("p99 of a host's 10 ms timer", "timer_p99_ms", ["evhttp"]),
              ("p99 of the lane's own deadlines", "heartbeat_p99_ms", fast)]
          for stack in ["built-in", "evhttp"] if stack in stacks],
        *[[f"slowest publish during {name}, ms", "2 at most", "", "", "", publishing(name), ""]
          for name in results["slowest publish"] if not name.startswith("the ")],
        *[[f"server CPU per delivered event, paced, {stack}, streams of several channels", "1.25 x one channel's", "", "", "", "",
           "; ".join(channels(stack))] for stack in ["built-in", "evhttp"]],
        ["allocations per delivered event", "0", "", "", "", f"{float(allocations('deliver to one of 1,000 readers')):g}", ""],
        ["allocations per decoded event", "2 at most", "", "", "",
         f"{float(allocations('parse')):g}; {float(allocations('parse with a long ID')):g} with an ID of more than 15 bytes", ""],
    ]
    heads = ["what", "goal", "floor", "Go eventsource", "nchan, or as named", "ours", "ratio to the floor (from, to)"]
    return table(heads, rows)


def several_channels(steps):
    """Returns the cost and the length of an event for each number of channels and each server."""
    rows = []
    for channels, servers in steps.items():
        for name, values in servers.items():
            rows.append([
                channels, name, number(values["cpu_us"]), ratio_text(values["ratio"]["cpu_us"]), number(values["rate"]),
                ratio_text(values["ratio"]["rate"]), number(values["bytes_per_event"])])
    return table(["channels", "", "server CPU per event, us", "to one channel's (from, to)", "events/s",
                  "to one channel's (from, to)", "bytes an event"], rows)


def other_work(servers):
    """Returns how late everything except delivery was, in milliseconds, and how much was delivered during that time."""
    rows = []
    for name, values in servers.items():
        def late(what):
            if not values[f"{what}s"]:
                return ["none", ""]
            return [number(values[f"{what}_p99_ms"]), number(values[f"{what}_max_ms"])]
        rows.append([
            name, number(values["rate"]), number(values["p99_ms"]), *late("answer"), *late("timer"), *late("heartbeat"),
            number(values["own_p99_ms"])])
    return table(["", "delivered events/s", "events, p99", "own route, p99", "longest", "10 ms timer, p99", "longest",
                  "heartbeats, p99", "longest", "the prober's own timer, p99"], rows)


def tables(results):
    """Returns everything as Markdown."""
    rate = [("rate", "events/s"), ("cpu_us", "server CPU per event, us"), ("lost_percent", "lost, %")]
    latency = [("cpu_us", "server CPU per event, us"), ("p50_ms", "p50, ms"), ("p99_ms", "p99, ms"),
               ("p999_ms", "p99.9, ms")]
    parts = [("Goals", goals(results))]
    parts += [("Full speed", compared(results["full speed"], rate))]
    parts += [("Paced, 100 events a second", compared(results["paced"], latency))]
    parts += [("Many idle readers", compared(results["idle"], [
        ("kib", "KiB per reader"), ("connect_seconds", "seconds to connect all"),
        ("connect_cpu", "server CPU for that, s"), ("head_p99_ms", "p99 to the head, ms")]))]
    parts += [("Resume storm", compared(results["resume storm"], [
        ("seconds", "seconds until every reader has every event"), ("rate", "events/s"), ("server_cpu", "server CPU, s")], to=""))]
    channels, values = list(results["many channels"].items())[-1]
    parts += [(f"{int(channels):,} channels, one reader each", compared(values, latency, to=""))]
    parts += [("Events of 1 MB", compared(results["big events"], [("rate", "events/s"), ("cpu_us", "server CPU per event, us")]))]
    parts += [("Time of a publish on the publisher's thread, while it is delivered", table(
        ["readers", "p50, ns", "p99, ns", "p99.9, ns"],
        [[f"{int(readers):,}", *[number(values[key]) for key in ["p50", "p99", "p999"]]]
         for readers, values in results["publish latency"].items()]))]
    for share, values in results["delivery latency"].items():
        parts += [(f"Delivery at {float(share):.0%} of what one thread can deliver", compared(values, latency))]
    for way, steps in results["several channels"].items():
        parts += [(f"Streams of several channels, {way}", several_channels(steps))]
    for load, servers in results["other work"].items():
        parts += [(f"Other work of the loop that delivers, {load}", other_work(servers))]
    parts += [("Time of a publish during work that must not delay it", table(
        ["", "publishes", "p50, us", "p99.9, us", "slowest, us", "slowest that kept its core, us"],
        [[name, f"{values['publishes']:,.0f}", *[number(values[key]) for key in ["p50", "p999", "slowest", "undisturbed"]]]
         for name, values in results["slowest publish"].items()]))]
    client = results["client"]
    parts += [("Client, from the built-in server to a counting loop", table(
        ["", "events/s", "of socket and parser"],
        [[name, number(value), f"{value / client['socket and parser']:.2f} x"] for name, value in client.items()]))]
    if "open sources" in results:
        parts += [("Open sources of one process", table(
            ["", "sources", "KiB each", "seconds to open all"],
            [[name, number(value["sources"]), f"{value['kib']:.1f}", number(value["seconds"])]
             for name, value in results["open sources"].items()]))]
    full = results["scaling"]["threads at full speed"]
    for name, steps in costs(results).items():
        servers = list(next(iter(steps.values())))
        parts += [(f"Server CPU per delivered event, us, over {name}", table(
            [name, *servers], [[f"{int(step):,}", *[number(values[server]["cpu_us"]) if server in values else "" for server in servers]]
                               for step, values in steps.items()]))]
    parts += [("Events/s at full speed, over threads", table(
        ["threads", *next(iter(full.values()))],
        [[step, *[number(values["rate"]) for values in servers.values()]] for step, servers in full.items()]))]
    parts += [("Decoding events of one line, MB/s, over bytes of data", table(
        ["bytes of data", "floor", "ours", "in 16 KB chunks"],
        [[f"{int(size):,}", *[number(best[kind] * int(size) / 1e6) for kind in [
            "floor_parse whole", "bench-parse whole", "bench-parse 16 KB chunks"]]]
         for size, best in results["decoding over sizes"].items()]))]
    parts += [("Allocations per operation, and nanoseconds", table(
        ["", "allocations", "ns"],
        [[name, *(value.split("\t") + [""])[:2]] for name, value in results["micro"].items()]))]
    text = "\n\n".join(f"## {title}\n\n{body}" for title, body in parts)
    if results["missing"]:
        text += f"\n\nNot installed, and so not measured: {', '.join(results['missing'])}."
    return text


def round_tick(least):
    """Returns the smallest round number that is not less."""
    size = 10 ** math.floor(math.log10(least)) if least > 0 else 1
    return next(size * step for step in [1, 2, 2.5, 5, 10] if size * step >= least)


def plot(title, lines, unit):
    """Returns an SVG with a line per server, over steps that are a constant factor apart, starting at zero."""
    width, height, left, bottom, top = 640, 320, 60, 40, 50
    steps = sorted({step for points in lines.values() for step, _ in points})
    tick = round_tick(max(value for points in lines.values() for _, value in points) / 4)
    most = 4 * tick
    across = {step: left + 20 + index * (width - left - 60) / max(len(steps) - 1, 1) for index, step in enumerate(steps)}

    def up(value):
        return height - bottom - value / most * (height - bottom - top)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
             f'<text x="{left}" y="20" font-size="14">{title}, {unit}</text>']
    for index in range(5):
        value = tick * index
        parts += [f'<line x1="{left}" x2="{width - 20}" y1="{up(value):.1f}" y2="{up(value):.1f}" stroke="#dddddd"/>',
                  f'<text x="{left - 6}" y="{up(value) + 4:.1f}" text-anchor="end">{number(value)}</text>']
    parts += [f'<text x="{across[step]:.1f}" y="{height - bottom + 18}" text-anchor="middle">{step:,}</text>' for step in steps]
    for index, (name, points) in enumerate(lines.items()):
        path = " ".join(f"{across[step]:.1f},{up(value):.1f}" for step, value in points)
        parts += [f'<polyline points="{path}" fill="none" stroke="{COLORS[name]}" stroke-width="2"/>',
                  *[f'<circle cx="{across[step]:.1f}" cy="{up(value):.1f}" r="3" fill="{COLORS[name]}"/>' for step, value in points],
                  f'<rect x="{left + index * 130}" y="30" width="12" height="12" fill="{COLORS[name]}"/>',
                  f'<text x="{left + 18 + index * 130}" y="40">{name}</text>']
    return "\n".join([*parts, "</svg>"]) + "\n"


def costs(results):
    """Returns the cost of a delivered event over parameters that should not affect it."""
    scaling = results["scaling"]
    return {"readers": scaling["readers"], "bytes of data": scaling["bytes of data"],
            "channels": results["many channels"], "threads": scaling["threads"]}


def plots(results):
    def lines(steps):
        names = list(dict.fromkeys(name for values in steps.values() for name in values))
        return {name: [(int(step), values[name]["cpu_us"]) for step, values in steps.items() if name in values]
                for name in names}
    return {
        f"cost-over-{name.split()[0]}": plot(f"A delivered event, over {name}", lines(steps), "us of server CPU")
        for name, steps in costs(results).items()}


def stacks(results):
    """Returns one row for each stack, with its ratios to the floor."""
    rows = []
    for name, fast in results["full speed"].items():
        paced, idle = results["paced"][name], results["idle"][name]
        bare = results["idle without streams"].get(name)
        allocations = results["allocations"].get(name)
        rows.append([
            name, number(fast["rate"]), ratio_text(ratio(results["full speed"], name, "rate")) if name != "floor" else "",
            number(paced["cpu_us"]), ratio_text(ratio(results["paced"], name, "cpu_us")) if name != "floor" else "",
            number(paced["p99_ms"]), number(idle["kib"]), number(bare["kib"]) if bare else "",
            f"{allocations['allocations']:.2f}" if allocations else ""])
    return table(
        ["", "events/s at full speed", "to the floor (from, to)", "server CPU per paced event, us",
         "to the floor (from, to)", "paced, p99, ms", "KiB of an idle reader", "KiB of the stack's own open response",
         "allocations per paced event"], rows)


def write_stacks(results):
    replace_measured("Performance.md", stacks(results), "stacks")


def replace_measured(page, measured, mark="measured"):
    """Replaces a page's tables and plots of an earlier run, between two marks."""
    path = f"{FOLDER}/{page}"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{measured}\n\n{end}{after}")


def write(results):
    """Puts tables and plots in the place of those of another run."""
    replace_measured("Performance.md", tables(results))
    os.makedirs(f"{FOLDER}/Resources", exist_ok=True)
    for name, picture in plots(results).items():
        with open(f"{FOLDER}/Resources/{name}.svg", "w", encoding="utf-8") as file:
            file.write(picture)
