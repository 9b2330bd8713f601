"""The tables of what shared.py has measured."""

from compare import spread
from report import number, ratio_text, table


def quotient(results, name, to, key):
    """The median of the quotients of the rounds, with the lowest and the highest."""
    pairs = zip(results[name]["rounds"], results[to]["rounds"])
    return ratio_text(spread([one[key] / other[key] for one, other in pairs if other[key]]))


def tables(results):
    def rows(group, columns, to):
        return [[name, *(number(values[key]) + ("" if name == to else f" ({quotient(group, name, to, key)})") for key in columns)]
                for name, values in group.items()]

    scale, recorded = results["scale"], results["recording"]
    yardsticks = {"1 publisher": "bare, one at a time"}
    lines = [[name, number(values["rate"]), number(values["redis_us"]),
              "" if name.startswith("bare") else quotient(recorded, name, yardsticks.get(name, "bare, 1,000 at a time"), "rate"),
              "" if name.startswith("bare") else quotient(recorded, name, yardsticks.get(name, "bare, 1,000 at a time"), "redis_us")]
             for name, values in recorded.items()]
    parts = ["#### Recording events of 100 bytes", table(
        ["", "events/s", "CPU of Redis per event, us", "events/s to bare (from, to)", "CPU to bare (from, to)"], lines)]
    for readers, group in results["latency"].items():
        parts += [f"#### From publish to {readers} readers, 1,000 events/s", table(
            ["", "p50, ms", "p99, ms"], rows(group, ["p50_ms", "p99_ms"], "one process, nothing shared"))]
    for way, columns, heads in [
            ("full speed", ["rate", "cpu_us"], ["delivered events/s", "its CPU per delivered event, us"]),
            ("paced", ["cpu_us", "p50_ms", "p99_ms"], ["its CPU per delivered event, us", "p50, ms", "p99, ms"])]:
        title = "at full speed" if way == "full speed" else "100 events/s"
        parts += [f"#### Delivering to {scale['many']:,} readers of a process, {title}", table(
            ["", *heads], rows(results["delivery"][way], columns, "nothing shared"))]
    parts += ["#### Delivering to one reader, at full speed", table(
        ["", "CPU of the process per event, us"], rows(results["receiving"], ["cpu_us"], "nothing shared"))]
    parts += [f"#### {scale['channels']:,} channels with a reader each", table(
        ["", "KiB per channel and reader", "seconds to connect all", "CPU for that, s", "CPU when idle, % of a core"],
        rows(results["channels"], ["kib", "connect_seconds", "connect_cpu", "idle_percent"], "nothing shared"))]
    parts += [f"#### {scale['resuming']:,} readers resume at once, each after {scale['missed']:,} missed events", table(
        ["", "seconds until all have all", "events/s", "its CPU, s"],
        rows(results["storm"], ["seconds", "rate", "server_cpu"], "nothing shared, from the log"))]
    held = results["resumes"]
    parts += ["#### From a request to its first event, by the last event ID and the events held, ms", table(
        ["", *(f"{int(step):,}" for step in held)],
        [[kind, *(number(times[kind]) for times in held.values())] for kind in list(held.values())[0]])]
    return "\n\n".join(parts)
