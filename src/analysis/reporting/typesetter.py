"""The child process that runs Typst: ``python -m analysis.reporting.typesetter FOLDER MEGABYTES SECONDS TIMESTAMP``.

Typst aborts its process where memory runs out, so it never runs inside the process that reports. The folder is
Typst's whole world: template, data, figures and fonts lie in it, and ``report.pdf`` or ``fault.txt`` comes out.
"""

from __future__ import annotations

import sys
from pathlib import Path


def _limit(megabytes: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where only the parent's time limit holds
        return
    size = megabytes << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    # Should the parent be killed, this process still ends.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _compile(folder: Path, *, timestamp: int) -> list[str]:
    """Compile ``report.typ`` and write the PDF; what Typst warned of is returned."""
    import typst

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder / "fonts"])
    compiler = typst.Compiler(
        folder / "report.typ",
        root=folder,
        font_paths=fonts,
        ignore_system_fonts=True,
        # An empty folder: the report uses no package, and none is fetched.
        package_path=folder / "packages",
        package_cache_path=folder / "packages",
    )
    _, warnings = compiler.compile_with_warnings(
        output=folder / "report.pdf", format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=timestamp
    )
    return [str(warning.message) for warning in warnings]


def main(arguments: list[str]) -> int:
    folder, megabytes, seconds, timestamp = Path(arguments[0]), *map(int, arguments[1:4])
    _limit(megabytes, seconds)
    try:
        faults = _compile(folder, timestamp=timestamp)
    except RuntimeError as error:  # typst.TypstError
        hints = getattr(error, "hints", None) or []
        diagnostic = getattr(error, "diagnostic", None) or ""
        faults = [str(getattr(error, "message", error)), *hints, *([diagnostic] if diagnostic else [])]
    if faults:
        (folder / "fault.txt").write_text("\n".join(faults), encoding="utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
