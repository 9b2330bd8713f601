"""The installed library matches its header, for C and C++, and the examples are as described."""

import os
import re
import shutil
import subprocess

from programs import EXAMPLE, HERE, PREFIX, SCRATCH, VALGRIND, compile_c, pkg_config, run


HEADERS = f"{HERE}/Sources/CEventSource"
SYSTEM = {"libevent", "libz", "libm", "libstdc++", "libgcc_s", "libc", "ld-linux"}
# Each library, its headers, and the libraries that it may need.
LIBRARIES = {
    "eventsource-libevent": (["eventsource"], SYSTEM),
    "eventsource-libevent-sqlite": (
        ["eventsource", "eventsource-history", "eventsource-sqlite"], SYSTEM | {"libsqlite3"}),
    "eventsource-libevent-redis": (
        ["eventsource", "eventsource-history", "eventsource-redis"], SYSTEM | {"libhiredis"}),
}
MOST_BYTES = 9_600_000


def environment():
    return {**os.environ, "PKG_CONFIG_PATH": f"{PREFIX}/lib/pkgconfig"}


def declared_by(header):
    with open(f"{PREFIX}/include/{header}.h") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    return set(re.findall(r"\b(es_\w+)\s*\([^)*]", text))


def headers_and_libraries_agree():
    with open(f"{HEADERS}/eventsource.h") as file:
        version = re.search(r'ES_VERSION "(.*)"', file.read()).group(1)
    for library, (headers, allowed) in LIBRARIES.items():
        declared = set().union(*map(declared_by, headers))
        shared = f"{PREFIX}/lib/lib{library}.so"
        exported = {
            line.split()[-1].split("@")[0]
            for line in run("nm", "-D", "--defined-only", "--extern-only", shared).splitlines()}
        assert len(declared) > 30, f"only {declared} are declared"
        assert declared == exported, f"in the header or in {library} only: {declared ^ exported}"
        needed = set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", shared)))
        assert {re.sub(r"[-.]\d.*|[-.](x86|aarch|so).*", "", name) for name in needed} == allowed, needed
        assert os.path.getsize(shared) < MOST_BYTES, f"{library} has {os.path.getsize(shared)} bytes"
        known = run("pkg-config", "--modversion", library, env=environment()).strip()
        assert known == version, f"pkg-config knows version {known}, the header {version}"
        flags = run("pkg-config", "--libs", library, env=environment()).split()
        assert [flag for flag in flags if flag.startswith("-l")] == [f"-l{library}"], flags


def every_option_is_tested():
    with open(f"{HEADERS}/eventsource.h") as header, open(f"{HERE}/Tests/C/api.c") as tests:
        tests = tests.read()
        for name in re.findall(r"\bES_(?:OPTION_(\w+)|((?:TEXT|LIST)_\w+)) = ", header.read()):
            assert f"OPTION({name[0]}," in tests or f"ES_{name[1]}" in tests, f"api.c does not test {name}"


def it_is_also_for_cplusplus():
    source = os.path.join(SCRATCH, "cplusplus.cc")
    with open(source, "w") as file:
        file.write("""#include <eventsource-redis.h>
            #include <eventsource-sqlite.h>
            int main() {
              es_hub *hub;
              if (es_hub_create(nullptr, &hub) != ES_OK || es_hub_open_channel(hub, "news") != ES_OK) return 1;
              if (es_publish(hub, "news", "hello", 5) != ES_OK) return 1;
              es_event event = ES_EVENT_INIT;
              event.type = "greeting";
              const char *news = "news";
              if (es_publish_event(hub, &news, 1, &event, nullptr) != ES_OK) return 1;
              es_logger logger = ES_LOGGER_INIT;
              es_authorizer authorizer = ES_AUTHORIZER_INIT;
              es_repository repository = ES_REPOSITORY_INIT;
              es_origins origins = ES_ORIGINS_INIT;
              es_snapshots snapshots = ES_SNAPSHOTS_INIT;
              es_grant grant = ES_GRANT_INIT;
              es_sqlite_options options = ES_SQLITE_OPTIONS_INIT;
              es_run_observer run_observer = ES_RUN_OBSERVER_INIT;
              es_run_creator creator = ES_RUN_CREATOR_INIT;
              (void)run_observer, (void)creator;
              (void)logger, (void)authorizer, (void)repository, (void)origins, (void)snapshots, (void)grant;
              es_redis_options redis = ES_REDIS_OPTIONS_INIT;
              (void)options, (void)redis;
              es_hub_free(hub);
            }""")
    for standard in ("c++11", "c++20"):
        run(compile_c(source, "eventsource-libevent", compiler="c++", flags=["-Wpedantic", f"-std={standard}"]))
    for header in ("sqlite", "redis"):
        run("cc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-x", "c",
            f"-I{PREFIX}/include", f"{PREFIX}/include/eventsource-{header}.h")


def the_man_pages_are_well_formed():
    for header in sorted(set().union(*(headers for headers, _ in LIBRARIES.values()))):
        page = f"{PREFIX}/share/man/man3/{header}.3"
        with open(page) as file:
            text = file.read()
        missing = [name for name in declared_by(header) if f".Nm {name}" not in text or f" {name}(" not in text
                   and f"*{name}(" not in text]
        assert not missing, f"{page} does not have {missing}"
        checker = ["mandoc", "-Tlint", "-W", "warning"] if shutil.which("mandoc") else ["groff", "-mdoc", "-ww", "-z"]
        result = subprocess.run([*checker, page], capture_output=True, text=True)
        assert not result.stdout + result.stderr, result.stdout + result.stderr


def the_difference_is_five_lines():
    """Five lines create the streams, one publishes, and a few support them. The rest of the program is unchanged."""
    result = subprocess.run(["diff", f"{EXAMPLE}/before.c", f"{EXAMPLE}/after.c"], capture_output=True, text=True)
    added = [line[2:] for line in result.stdout.splitlines() if re.match(r"> +\S|> #", line) and line[2:4] != " *"]
    removed = [line[2:] for line in result.stdout.splitlines() if re.match("<", line) and line[2:4] != " *"]
    assert [line.strip(" ;") in "".join(added) for line in removed] == [True], removed  # The page's text continues.
    makes = r"  es_(streams \*|hub_create|hub_open|streams_create|streams_mount)"
    assert len([line for line in added if re.match(makes, line)]) == 5, added
    assert len([line for line in added if "es_publish(" in line]) == 1, added
    assert len(added) - len(removed) <= 5 + 1 + 6, added


# The C tests, and the library that each is linked with.
TESTS = {
    "api": ["eventsource-libevent"], "serving": ["eventsource-libevent"], "loops": ["eventsource-libevent"],
    "history": ["eventsource-libevent-sqlite", "sqlite3"], "runs": ["eventsource-libevent-sqlite"],
    "shared_history": ["eventsource-libevent-redis"]}


def every_function_does_what_it_says():
    for name, libraries in TESTS.items():
        program = compile_c(f"{HERE}/Tests/C/{name}.c", *libraries, "libevent")
        for command in ([program], [*VALGRIND, program]):
            result = subprocess.run(command, capture_output=True, text=True, timeout=600)
            assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}{result.stderr[-6000:]}"


def it_can_be_linked_statically():
    """The same tests pass in programs that need no file of this package at run time, or no shared library at all."""
    for name, (library, *others) in TESTS.items():
        flags = run("pkg-config", "--static", "--cflags", "--libs", library, "libevent", *others, env=environment())
        archived = [f"-l:lib{library}.a" if flag == f"-l{library}" else flag for flag in flags.split()]
        source, program = f"{HERE}/Tests/C/{name}.c", os.path.join(SCRATCH, f"{name}_static")
        run("cc", "-g", source, "-o", program, *archived)
        assert "eventsource" not in run("readelf", "-d", program), "it needs the shared library"
        run(program, timeout=300)
        run("cc", "-g", "-static", source, "-o", program, *flags.split())
        assert "NEEDED" not in run("readelf", "-d", program), "it needs shared libraries"
        run(program, timeout=300)


def it_is_installed_below_a_folder_and_goes_again():
    """With DESTDIR, everything is installed below that folder and refers to the prefix."""
    folder = os.path.join(SCRATCH, "destination")
    arguments = ["bash", f"{HERE}/install.sh", "--prefix", "/opt/events", "--libdir", "/opt/events/lib64"]
    below = {**os.environ, "DESTDIR": folder}
    run(*arguments, env=below)
    library = f"{folder}/opt/events/lib64"
    for name in LIBRARIES:
        assert os.path.exists(f"{library}/lib{name}.so") and os.path.exists(f"{library}/lib{name}.a")
        with open(f"{library}/pkgconfig/{name}.pc") as file:
            text = file.read()
        assert "prefix=/opt/events\n" in text and "libdir=/opt/events/lib64\n" in text and folder not in text, text
    assert os.path.exists(f"{folder}/opt/events/share/man/man3/eventsource.3")
    run(*arguments, "--uninstall", env=below)
    left = [name for _, _, names in os.walk(folder) for name in names]
    assert not left, f"{left} are left"


def check():
    it_is_installed_below_a_folder_and_goes_again()
    headers_and_libraries_agree()
    every_option_is_tested()
    the_man_pages_are_well_formed()
    it_is_also_for_cplusplus()
    the_difference_is_five_lines()
    every_function_does_what_it_says()
    it_can_be_linked_statically()
