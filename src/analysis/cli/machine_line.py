"""The last line on stdout of what a schedule runs: one JSON object, whatever came of the command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from analysis.faults import Fault


@contextmanager
def machine_line(command: str, **known: Any) -> Iterator[dict[str, Any]]:
    """Prints ``known`` and what is added to the object it gives, with exit code and seconds, when the block ends.

    Nothing out of the books is in it, for it goes into logs: a fault is told by its public message alone.
    """
    from analysis.run.failure import public_message

    began = time.monotonic()
    line: dict[str, Any] = {"command": command, **known}
    code = 1  # whatever is no fault is a fault of the program
    try:
        yield line
        code = line.pop("exit_code", 0)
    except Fault as fault:
        code = fault.exit_code
        line.update(message=public_message(fault), **({"run_id": fault.run_id} if fault.run_id else {}))
        raise
    except BaseException as error:
        line.update(message=type(error).__name__)
        raise
    finally:
        typer.echo(json.dumps({**line, "exit_code": code, "seconds": round(time.monotonic() - began, 1)}))
