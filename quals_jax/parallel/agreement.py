"""Whether the processes of a run were given the same: config, code, data (F34).

check_same({"config": settings, "data": data_sha256})
"""

import hashlib
import json
from collections.abc import Mapping

from quals_jax.parallel import coordination

_ADVICE = (
    "Start the same command, with the same version of quals-jax and the same files, on all hosts"
)


def check_same(parts: Mapping[str, object]) -> None:
    """ValueError on all processes, naming parts and processes, unless all give the same.

    The values of ``parts`` are JSON values. All processes give parts of the same names.
    """
    hashes = {name: _sha256(value) for name, value in parts.items()}
    everyone = [json.loads(said) for said in coordination.gather(json.dumps(hashes).encode())]
    lines = []
    for name in parts:
        others = [str(i) for i, said in enumerate(everyone) if said[name] != everyone[0][name]]
        if others:
            lines.append(f"the {name} of process {', '.join(others)} is not that of process 0")
    if lines:
        raise ValueError(f"{'; '.join(lines)}. {_ADVICE}")


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
