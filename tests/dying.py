"""What kills a worker; a module of its own because the processes of a cluster import it."""

from __future__ import annotations

import os
import signal

from scipy import sparse


class DiesOnce:
    """Makes a block sparse; the first process that does so leaves a file and dies of it."""

    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __call__(self, block):
        try:
            os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return sparse.csr_matrix(block)
        os.kill(os.getpid(), signal.SIGKILL)
        return None
