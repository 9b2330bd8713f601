"""Installs Debian packages by name."""

import os
import shutil
import subprocess
import tempfile

POLICY = "/usr/sbin/policy-rc.d"
updated = False


def install(package):
    """Installs a package without starting its service. Returns why it cannot be installed, or None."""
    global updated
    if not shutil.which("apt-get"):
        return "there is no apt-get"
    as_root = []
    if os.geteuid() != 0:
        as_root = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run([*as_root, "true"], capture_output=True).returncode != 0:
            return "installing needs root"
    if not updated:
        updated = True
        subprocess.run([*as_root, "apt-get", "update", "-qq"], capture_output=True, timeout=300)
    # Debian's mechanism to keep an installed service from starting. An existing policy is left unchanged.
    has_policy = os.path.exists(POLICY)
    try:
        if not has_policy:
            with tempfile.NamedTemporaryFile("w") as file:
                file.write("#!/bin/sh\nexit 101\n")
                file.flush()
                subprocess.run([*as_root, "install", "-m", "755", file.name, POLICY], check=True)
        environment = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive"]
        result = subprocess.run(
            [*environment, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
            capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return "installing took longer than 10 minutes"
    finally:
        if not has_policy:
            subprocess.run([*as_root, "rm", "-f", POLICY])
    if result.returncode != 0:
        return (result.stderr.strip().splitlines() or ["apt-get failed"])[-1]
    return None
