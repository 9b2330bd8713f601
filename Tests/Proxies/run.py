#!/usr/bin/env python3
"""Tests the package's server behind proxies, each configured as the page "Behind a proxy" describes.

usage: run.py [--only NAME,...] [--short] [--jobs N]

Checks for each proxy that the head and the first event arrive immediately, the server notices that a reader disconnects
and knows its address, heartbeats keep idle streams open, and a plain EventSource in Chromium survives a server that is
killed and absent for 8 seconds and one that drains. Also checks HTTP/2 and compression if the proxy supports them.
Prints a table of the default behavior of each proxy, and a table of the behavior with the page's configuration. The
promises of the second one are checked.

Missing Debian packages are installed. A proxy that cannot be installed is reported with the reason.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True  # Keeps the source folder clean.
import processes
import scenes
from apache import Apache
from browser import SharedChromium
from caddy import Caddy
from haproxy import HAProxy
from install import install
from nginx import Nginx
from squid import Squid
from varnish import Varnish

PROXIES = [Nginx, HAProxy, Apache, Varnish, Caddy, Squid]
SHORT = [Nginx, HAProxy]


class Site:
    """A server, and a proxy in front of it."""

    def __init__(self, program, proxy, configuration, forwarded=False, keeps_socket=False):
        self.folder = tempfile.mkdtemp(prefix="eventsource-proxies-")
        os.chmod(self.folder, 0o755)  # A proxy's workers may run as another user.
        self.server = self.proxy = None
        try:
            self.server = processes.Server(
                program, self.folder, "Forwarded" if forwarded else "X-Forwarded-For", keeps_socket)
            self.proxy = proxy(self.folder, self.server.port, configuration, forwarded)
        except BaseException:
            self.close()
            raise
        self.port = self.proxy.port

    def origins(self):
        """Returns the proxy's address for a browser, by the protocol that the browser then uses."""
        origins = {"http/1.1": f"http://localhost:{self.port}"}
        if self.proxy.has_tls and self.proxy.configuration != "default":
            origins["h2"] = f"https://localhost:{self.proxy.tls_port}"
        return origins

    def close(self):
        if self.proxy:
            self.proxy.end()
        if self.server:
            self.server.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Run:
    """Runs all sites, each on its own thread, and collects the measurements."""

    def __init__(self, options):
        self.options = options
        self.program = processes.build()
        self.browser = SharedChromium()
        self.cells = {}  # A dictionary of cells for each proxy and configuration.
        self.failures = []
        self.room = threading.Semaphore(options.jobs)

    def scene(self, proxy, configuration, function, *arguments):
        """Runs one scene, and records its cells or its failure."""
        cells = self.cells.setdefault((proxy.name, configuration), {})
        try:
            cells.update(function(*arguments))
        except Exception as error:
            cells[function.__name__] = "FAILED"
            if configuration == "compressed" and not proxy.compresses_at_once:
                cells[function.__name__] = "not at once"
            elif configuration != "default":
                self.failures.append(f"{proxy.name}, {configuration}, {function.__name__}: {error}")
            if not isinstance(error, AssertionError) or self.options.verbose:
                traceback.print_exc()

    def calm(self, proxy, configuration):
        """A server that keeps running."""
        is_recipe = configuration == "recipe"
        with Site(self.program, proxy, configuration) as site:
            waiting = [
                threading.Thread(target=self.scene, args=(proxy, configuration, *scene))
                for scene in [(scenes.idle, site, 65 if self.options.short else 140), (scenes.left, site)]]
            for thread in waiting:
                thread.start()
            self.scene(proxy, configuration, scenes.head, site)
            self.scene(proxy, configuration, scenes.delay, site, is_recipe)
            self.scene(proxy, configuration, scenes.address, site, is_recipe)
            if is_recipe:
                self.scene(proxy, configuration, scenes.browser_streams, site, self.browser)
            for thread in waiting:
                thread.join()
            if not self.options.short:
                self.scene(proxy, configuration, scenes.many, site, 1000, is_recipe)
            if not is_recipe:
                self.scene(proxy, configuration, scenes.absence, site)

    def stormy(self, proxy, configuration):
        """A server that is killed, and one that drains."""
        with Site(self.program, proxy, configuration, keeps_socket=not proxy.bridges_absence) as site:
            self.scene(proxy, configuration, scenes.storm, site, self.browser)

    def kept(self, proxy, configuration):
        """The same with a socket that stays open, behind a proxy in its default configuration."""
        with Site(self.program, proxy, "default", keeps_socket=True) as site:
            self.scene(proxy, configuration, scenes.storm, site, self.browser)

    def compressed(self, proxy, configuration):
        with Site(self.program, proxy, configuration) as site:
            self.scene(proxy, configuration, scenes.head, site)
            self.scene(proxy, configuration, scenes.delay, site, proxy.compresses_at_once, {"Accept-Encoding": "gzip"})

    def forwarded(self, proxy, configuration):
        with Site(self.program, proxy, "recipe", forwarded=True) as site:
            self.scene(proxy, configuration, scenes.address, site, True)

    def visit(self, kind, proxy, configuration):
        """Runs one site when a slot is free."""
        with self.room:
            try:
                kind(proxy, configuration)
            except Exception as error:
                self.failures.append(f"{proxy.name}, {configuration}: {error}")

    def play(self, proxies):
        jobs = []
        for proxy in proxies:
            jobs += [(self.calm, proxy, "recipe"), (self.stormy, proxy, "recipe")]
            if proxy.can_forward:
                jobs.append((self.forwarded, proxy, "forwarded"))
            if proxy.can_compress:
                jobs.append((self.compressed, proxy, "compressed"))
            if not self.options.short:
                jobs += [(self.calm, proxy, "default"), (self.kept, proxy, "default, the socket stays open")]
        threads = [threading.Thread(target=self.visit, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def table(self, configuration, columns):
        found = {proxy.name: self.cells.get((proxy.name, configuration)) for proxy in PROXIES}
        found = {name: cells for name, cells in found.items() if cells}
        if not found:
            return
        columns = [column for column in columns if any(column in cells for cells in found.values())]
        rows = [["", *columns]]
        rows += [[name, *(str(cells.get(column, "")) for column in columns)] for name, cells in found.items()]
        print(f"\n{configuration}")
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def present(proxies):
    """Returns the proxies that are installed or can be installed."""
    for proxy in proxies:
        reason = None if proxy.program() else install(proxy.package)
        if proxy.program():
            print(f"proxies: {proxy.name} {proxy.version()}", flush=True)
            yield proxy
        else:
            reason = reason or f"it brings no {proxy.command}"
            print(f"proxies: {proxy.name} left out: the Debian package {proxy.package}: {reason}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="the proxies, separated by commas")
    parser.add_argument("--short", action="store_true", help="nginx and HAProxy as the page configures them")
    parser.add_argument("--jobs", type=int, default=8, help="how many proxies run at the same time")
    parser.add_argument("--verbose", action="store_true", help="print where a promise was broken")
    options = parser.parse_args()
    proxies = SHORT if options.short else PROXIES
    if options.only:
        names = options.only.lower().split(",")
        unknown = set(names) - {proxy.name.lower() for proxy in PROXIES}
        if unknown:
            parser.error(f"there is no proxy {', '.join(sorted(unknown))}")
        proxies = [proxy for proxy in PROXIES if proxy.name.lower() in names]
    proxies = list(present(proxies))
    started = time.monotonic()
    run = Run(options)
    try:
        run.play(proxies)
    finally:
        run.browser.close()
    run.table("default", ["head", "delay", "left, idle", "left, busy", "silent", "address", "absence", "many"])
    run.table("recipe", [
        "head", "delay", "left, idle", "left, busy", "silent", "address", "http/1.1", "h2", "kill", "drain",
        "many"])
    run.table("default, the socket stays open", ["kill", "drain"])
    run.table("compressed", ["head", "delay", "coding"])
    run.table("forwarded", ["address"])
    for failure in run.failures:
        print(f"proxies: FAILED: {failure}")
    print(f"proxies: {len(proxies)} proxies in {time.monotonic() - started:.0f} s")
    sys.exit(1 if run.failures or not proxies else 0)


main()
