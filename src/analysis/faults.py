"""Faults that end a command, each with the exit code a schedule acts on."""

from __future__ import annotations


class Fault(Exception):
    """A fault whose message is meant for the person who can mend it; shown without a traceback."""

    exit_code = 1
    run_id: str | None = None
    """The run that failed by it, where one had begun and its record stayed behind."""


class UsageFault(Fault):
    """A wrong command, parameter or ``company.toml``."""

    exit_code = 2


class DataFault(Fault):
    """The books cannot be used as they are; nothing is published."""

    exit_code = 3


class InvariantFault(Fault):
    """Figures that must agree do not."""

    exit_code = 4


class RunFault(Fault):
    """A notebook, its kernel or the typesetting failed."""

    exit_code = 5


class VerifyFault(Fault):
    """A published run is not what its manifest says."""

    exit_code = 6


class BusyFault(Fault):
    """Another run holds the period."""

    exit_code = 75
