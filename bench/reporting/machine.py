"""On what machine, and with what versions, a report was made."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path


def _first_match(path, pattern):
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"), re.M)
    except OSError:
        return ""
    return found.group(1).strip() if found else ""


def _says(*command):
    """The first line that a program prints, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.splitlines() or [""])[0] if done.returncode == 0 else ""


def _features():
    flags = _first_match("/proc/cpuinfo", r"^flags\s*:(.*)$").split()
    wanted = {"aes": "AES-NI", "vaes": "VAES", "vpclmulqdq": "VPCLMULQDQ", "avx512f": "AVX-512"}
    return [title for flag, title in wanted.items() if flag in flags]


def describe(root):
    """Names and values, in the order in which a document shows them."""
    memory_kb = _first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)")
    family = _first_match("/proc/cpuinfo", r"^cpu family\s*:(.*)$")
    model = _first_match("/proc/cpuinfo", r"^model\s*:(.*)$")
    cpu = _first_match("/proc/cpuinfo", r"^model name\s*:(.*)$") or platform.machine()
    virtual = "hypervisor" in _first_match("/proc/cpuinfo", r"^flags\s*:(.*)$").split()
    return {
        "date": datetime.date.today().isoformat(),
        "processor": f"{cpu} (family {family}, model {model})" if family else cpu,
        "cores": os.cpu_count(),
        "instructions": ", ".join(_features()) or "no AES instructions",
        "virtual machine": "yes" if virtual else "no",
        "memory": f"{int(memory_kb) / 1e6:.1f} GB" if memory_kb else "unknown",
        "kernel": f"Linux {platform.release()}",
        "system": _first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "compiler": _says("c++", "--version"),
        "OpenSSL": _says("openssl", "version"),
        "commit": _says("git", "-C", str(root), "describe", "--always", "--dirty"),
    }


def kernel_mitigations():
    """What the kernel does about speculation: it makes system calls dearer."""
    folder = Path("/sys/devices/system/cpu/vulnerabilities")
    found = []
    for name in ("spectre_v2", "spec_rstack_overflow"):
        try:
            found.append(f"{name}: {(folder / name).read_text(encoding='utf-8').strip()}")
        except OSError:
            continue
    return "; ".join(found)
