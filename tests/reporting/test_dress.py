"""A company's logo and the key of its pseudonyms: used where they are sound, refused with the reason where not."""

from __future__ import annotations

import hashlib
import hmac
import struct
import zlib
from base64 import b32encode
from datetime import date
from pathlib import Path

import demo_pack as demo
import pytest
from pydantic import ValidationError
from pypdf import PdfReader

from analysis.faults import UsageFault
from analysis.ledger.company import Company, load_company
from analysis.ledger.publishing import Publishing
from analysis.reporting.logo import MOST_BYTES, logo_of
from analysis.reporting.pdf import typeset
from analysis.reporting.pseudonyms import KEY_FILE_VARIABLE, KEY_VARIABLE, Pseudonyms, pseudonyms_of

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="12"><rect width="30" height="9" fill="#7a1f5c"/></svg>'
)


def png(width: int, height: int) -> bytes:
    """A grey picture, written after the PNG specification (RFC 2083)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def company(folder: Path, logo: str, *, accent: str = "#7A1F5C") -> Company:
    (folder / "company.toml").write_text(
        '[company]\nname = "Acme"\ncurrency = "EUR"\n[tables]\ninvoices = { file = "i.csv" }\n'
        f'[report]\nlogo = "{logo}"\naccent = "{accent}"\n',
        encoding="utf-8",
    )
    return load_company(folder / "company.toml")


@pytest.mark.parametrize(("name", "content"), [("logo.svg", SVG), ("logo.png", png(40, 20))])
def test_a_logo_stands_on_page_one_and_changes_the_report(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    logo = logo_of(company(tmp_path, name))
    assert logo is not None
    assert logo.as_input()["sha256"] == hashlib.sha256(content).hexdigest()
    pack = demo.pack(demo.find_all(tmp_path))
    sizes = {}
    for kind, used in (("with", logo), ("without", None), *([("again", logo)] if name == "logo.svg" else [])):
        out = tmp_path / f"{kind}.pdf"
        typeset(pack, figures=tmp_path / "figures", out=out, as_of=date(2026, 10, 31), logo=used)
        sizes[kind] = out.read_bytes()
    assert sizes["with"] == sizes.get("again", sizes["with"]) != sizes["without"]
    assert len(PdfReader(tmp_path / "with.pdf").pages) == len(PdfReader(tmp_path / "without.pdf").pages)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"GIF89a", "neither a PNG nor an SVG"),
        (SVG.replace(b"<rect", b"<script>alert(1)</script><rect"), "<script"),
        (SVG.replace(b"<svg", b'<!DOCTYPE s [<!ENTITY a "b">]><svg'), "<!DOCTYPE"),
        (SVG.replace(b"<rect", b'<image href="file:///etc/passwd"/><rect'), "<image"),
        (SVG.replace(b"#7a1f5c", b"url(http://x.example/y)"), "url("),
        (SVG.replace(b"</svg>", b""), "no well-formed SVG"),
        (png(1, 1)[:16] + struct.pack(">II", 60_000, 60_000), "60000 x 60000 pixels"),
        (SVG + b" " * MOST_BYTES, "larger than 256 KiB"),
        (None, "cannot be read"),
    ],
)
def test_a_logo_that_could_do_harm_is_refused_before_the_run(content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "logo.svg").write_bytes(content)
    with pytest.raises(UsageFault, match=r"report\.logo") as fault:
        logo_of(company(tmp_path, "logo.svg"))
    assert said in str(fault.value)


def test_a_logo_lies_beside_its_company(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_bytes(SVG)
    (tmp_path / "books").mkdir()
    with pytest.raises(UsageFault, match="lies outside"):
        logo_of(company(tmp_path / "books", "../logo.svg"))


def test_an_accent_can_be_read_on_white(tmp_path: Path) -> None:
    assert company(tmp_path, "none.svg").report.accent == "#7a1f5c"
    # WebAIM's contrast checker: #767676 has 4.54 to 1 on white, #595959 has 7.00
    assert Publishing(accent="#595959").accent == "#595959"
    for pale in ("#767676", "#ffd700"):
        with pytest.raises(ValidationError, match="too pale"):
            Publishing(accent=pale)
    with pytest.raises(ValidationError, match="must hold management"):
        Publishing(editions=("board",))


def test_a_pseudonym_is_an_hmac_of_the_number() -> None:
    key = b"0123456789abcdef"
    made = hmac.digest(key, b"customer\0Acme\0C7", "sha256")
    assert Pseudonyms(key=key, company="Acme").of("C7") == "D-" + b32encode(made).decode()[:10]
    assert "0123456789abcdef" not in repr(Pseudonyms(key=key, company="Acme"))


def test_a_key_comes_from_the_environment_or_from_a_file_of_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("a key of sixteen bytes or more\n")
    file.chmod(0o600)
    found = pseudonyms_of("Acme", {KEY_FILE_VARIABLE: str(file)})
    assert found == pseudonyms_of("Acme", {KEY_VARIABLE: "a key of sixteen bytes or more"})
    assert pseudonyms_of("Acme", {}) is None
    for environment, said in (
        ({KEY_VARIABLE: "short secret"}, "12 bytes"),
        ({KEY_VARIABLE: "x" * 20, KEY_FILE_VARIABLE: str(file)}, "state one"),
        ({KEY_FILE_VARIABLE: str(tmp_path / "none")}, "cannot be read"),
    ):
        with pytest.raises(UsageFault, match=said) as fault:
            pseudonyms_of("Acme", environment)
        assert "short secret" not in str(fault.value)
    with pytest.raises(UsageFault, match="within the folder of reports"):
        pseudonyms_of("Acme", {KEY_FILE_VARIABLE: str(file)}, reports=tmp_path)
    file.chmod(0o640)
    with pytest.raises(UsageFault, match="chmod 600"):
        pseudonyms_of("Acme", {KEY_FILE_VARIABLE: str(file)})
