"""A cut connection between two network namespaces: left out for who may not make them
(tests/conftest.py says so); required of root in CI."""

import os

from tests.network.namespace import why_not

if reason := why_not():
    if os.environ.get("CI") and os.geteuid() == 0:
        raise RuntimeError(f"tests/network needs network namespaces, and CI must run it: {reason}")
    collect_ignore_glob = ["test_*.py"]
