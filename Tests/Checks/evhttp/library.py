"""The installed library: it is what its header says, for C and for C++, and the examples are what they claim."""

import os
import re
import subprocess

from programs import EXAMPLE, HERE, PREFIX, SCRATCH, VALGRIND, compile_c, pkg_config, run


def header_and_library_agree():
    with open(f"{PREFIX}/include/eventsource.h") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    declared = set(re.findall(r"\b(es_\w+)\s*\([^)*]", text))
    exported = {
        line.split()[-1].split("@")[0]
        for line in run("nm", "-D", "--defined-only", "--extern-only", f"{PREFIX}/lib/libeventsource-libevent.so")
        .splitlines()}
    assert len(declared) > 30, f"only {declared} are declared"
    assert declared == exported, f"in the header or in the library only: {declared ^ exported}"
    needed = run("readelf", "-d", f"{PREFIX}/lib/libeventsource-libevent.so")
    assert "swift" not in needed, f"the library needs Swift's libraries:\n{needed}"
    with open(f"{HERE}/Sources/CEventSource/eventsource.h") as file:
        version = re.search(r'ES_VERSION "(.*)"', file.read()).group(1)
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{PREFIX}/lib/pkgconfig"}
    known = run("pkg-config", "--modversion", "eventsource-libevent", env=environment).strip()
    assert known == version, f"pkg-config knows version {known}, the header {version}"


def it_is_also_for_cplusplus():
    source = os.path.join(SCRATCH, "cplusplus.cc")
    with open(source, "w") as file:
        file.write("""#include <eventsource.h>
            int main() {
              es_hub *hub;
              if (es_hub_create(nullptr, &hub) != ES_OK || es_hub_open(hub, "news") != ES_OK) return 1;
              if (es_publish(hub, "news", "hello", 5) != ES_OK) return 1;
              es_hub_free(hub);
            }""")
    run(compile_c(source, "eventsource-libevent", compiler="c++", flags=["-Wpedantic"]))


def the_difference_is_five_lines():
    """Five lines make the streams, one publishes, and a few are what these need: nothing of the program changes."""
    result = subprocess.run(["diff", f"{EXAMPLE}/before.c", f"{EXAMPLE}/after.c"], capture_output=True, text=True)
    added = [line[2:] for line in result.stdout.splitlines() if re.match(r"> +\S|> #", line) and line[2:4] != " *"]
    removed = [line[2:] for line in result.stdout.splitlines() if re.match("<", line) and line[2:4] != " *"]
    assert [line.strip(" ;") in "".join(added) for line in removed] == [True], removed  # The page's text goes on.
    makes = r"  es_(streams \*|hub_create|hub_open|streams_create|streams_mount)"
    assert len([line for line in added if re.match(makes, line)]) == 5, added
    assert len([line for line in added if "es_publish(" in line]) == 1, added
    assert len(added) - len(removed) <= 5 + 1 + 6, added


def every_function_does_what_it_says():
    for name in ("api", "serving"):
        program = compile_c(f"{HERE}/Tests/C/{name}.c", "eventsource-libevent", "libevent")
        for command in ([program], [*VALGRIND, program]):
            result = subprocess.run(command, capture_output=True, text=True, timeout=300)
            assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}{result.stderr[-6000:]}"


def it_can_be_linked_statically():
    """The same tests in programs that need no file of this package's when they run."""
    archive = f"{PREFIX}/lib/libeventsource-libevent.a"
    for name in ("api", "serving"):
        program = os.path.join(SCRATCH, f"{name}_static")
        libraries = [archive, "-levent", "-lstdc++", "-lm", "-ldl", "-lpthread"]
        run("cc", "-g", f"{HERE}/Tests/C/{name}.c", f"-I{PREFIX}/include", "-o", program, *libraries)
        assert "eventsource" not in run("readelf", "-d", program), "it needs the shared library"
        run(program, timeout=120)


def it_is_installed_below_a_folder_and_goes_again():
    """As packages are made: everything below DESTDIR, and what is installed refers to the prefix."""
    folder = os.path.join(SCRATCH, "destination")
    arguments = ["bash", f"{HERE}/install.sh", "--prefix", "/opt/events", "--libdir", "/opt/events/lib64"]
    environment = {**os.environ, "DESTDIR": folder}
    run(*arguments, env=environment)
    library = f"{folder}/opt/events/lib64"
    assert os.path.exists(f"{library}/libeventsource-libevent.so") and os.path.exists(f"{library}/libeventsource-libevent.a")
    with open(f"{library}/pkgconfig/eventsource-libevent.pc") as file:
        text = file.read()
    assert "prefix=/opt/events\n" in text and "libdir=/opt/events/lib64\n" in text and folder not in text, text
    run(*arguments, "--uninstall", env=environment)
    left = [name for _, _, names in os.walk(folder) for name in names]
    assert not left, f"{left} are left"


def check():
    it_is_installed_below_a_folder_and_goes_again()
    header_and_library_agree()
    it_is_also_for_cplusplus()
    the_difference_is_five_lines()
    every_function_does_what_it_says()
    it_can_be_linked_statically()
