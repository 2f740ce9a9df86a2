"""Names as an export may hold them: code in spreadsheets, HTML, Typst and Excel's own notation, and foreign letters."""

from __future__ import annotations

# What a reader must see of them is what is written here, letter for letter.
SHOWN_AS_WRITTEN = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example","click")',
    "{=1+1}",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "https://evil.example/?a=1&b=2",
    "file:///etc/passwd",
    "mailto:a@evil.example",
    "internal:Numbers!A1",
    "external:other.xlsx",
    "<r><t>x</t></r>",
    "<r></r>",
    "_x0041_",
    "_Under",
    "'Apostrophe",
    "12345678901234567890",
    "00123",
    "1E5",
    "TRUE",
    "#N/A",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload='x'>",
    '*Sigma* #sys.inputs.data $x^2$ `code` @ref <lbl> // gone ~ "q" ]',
    "[a](javascript:alert(1)) ![b](https://evil.example/c.png)",
    "&amp; &lt;b&gt;",
    "عميل مهم",
    "株式会社サンプル",
    "Łódzka Spółdzielnia",
    "😀🦄",
]
# Invisible signs are taken out, because they can turn the order of a line round or break a file.
WITHOUT_SIGNS = {
    "\u202eLtd\u200b": "Ltd",
    "\ud800x\x07": "x",
    "a\ufffeb\uffffc": "abc",
    "\tTab": " Tab",
    "line\nbreak": "line break",
}
