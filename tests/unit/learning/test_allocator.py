from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Pages that the system has to bring when 16 MB are allocated and freed again and again.
SCRIPT = """
import ctypes, resource, sys
from tilecli.learning.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    blocks = [libc.malloc(2 ** 24) for _ in range(8)]
    for block in blocks:
        ctypes.memset(block, 1, 2 ** 24)
    for block in reversed(blocks):
        libc.free(ctypes.c_void_p(block))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_freed_memory_is_used_again_without_asking_the_system() -> None:
    assert faults("keep") * 5 < faults("leave")
