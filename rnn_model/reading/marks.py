"""The signs that come with numbers: currencies, multipliers, units, footnotes, and the ways to write "missing"."""

from __future__ import annotations

import re

# Ways to write a currency -> the one name used to compare them.  Unit labels keep what the input wrote.
CURRENCIES = {
    **{sign: sign for sign in ("$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₴", "₪", "₫", "₦", "₱", "฿", "R$", "kr", "zł")},
    **{"US$": "USD", "A$": "AUD", "C$": "CAD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "NT$": "TWD", "$US": "USD"},
    **{"EUR": "€", "GBP": "£", "INR": "₹", "Rs": "₹", "Rs.": "₹", "RUB": "₽", "KRW": "₩", "ILS": "₪", "BRL": "R$"},
    **{
        "PLN": "zł",
        "TRY": "₺",
        "TL": "₺",
        "UAH": "₴",
        "JPY": "JPY",
        "CNY": "CNY",
        "RMB": "CNY",
        "円": "JPY",
        "元": "CNY",
    },
    **{code: code for code in ("USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "CHF", "SEK", "NOK")},
    **{code: code for code in ("DKK", "CZK", "HUF", "RON", "BGN", "ISK", "MXN", "ZAR", "THB")},
    **{"Fr.": "CHF", "SFr.": "CHF", "Kč": "CZK", "Ft": "HUF", "lei": "RON", "kr.": "kr", "Kr": "kr", "Euro": "€"},
    **{"euros": "€", "euro": "€", "dollars": "$", "pounds": "£", "yen": "JPY", "₿": "₿", "BTC": "₿"},
}

# Written after a number; the exponent of ten it stands for.
MULTIPLIERS = {
    **dict.fromkeys(("k", "K", "tsd", "Tsd", "Tsd.", "thousand", "thou", "mil", "tis."), 3),
    **dict.fromkeys(("lakh", "lac"), 5),
    **dict.fromkeys(("m", "M", "mn", "Mn", "MM", "mm", "mio", "Mio", "Mio.", "mln", "million", "millions", "Mill."), 6),
    **dict.fromkeys(("crore", "cr"), 7),
    **dict.fromkeys(
        ("b", "B", "bn", "Bn", "BN", "mrd", "Mrd", "Mrd.", "md", "Md", "mld", "billion", "billions", "G"), 9
    ),
    **dict.fromkeys(("tn", "Tn", "trn", "T", "trillion", "bio", "Bio", "Bio."), 12),
}
# Letters that mean a unit when every number carries them and nothing speaks of money.
UNIT_LETTERS = frozenset({"m", "mm", "T", "G", "b", "md", "cr", "mil"})
# Letters that are too common as units to be offered as multipliers of a whole column
SURE_MULTIPLIERS = frozenset(MULTIPLIERS) - UNIT_LETTERS

# Statistics offices put letters after a value: p provisional, e estimated, b break in series, r revised, ...
FOOTNOTE = re.compile(r"[a-z]|[bcdefnprsuz]{2}|[*†‡§¹²³^#]+|\(\w{1,2}\)|\([A-Za-z.]{3,14}\)|\[\w{1,3}\]|\[note \w+\]")

# "#div/9!" is how "#DIV/0!" looks once its digit stands for any (see numerals.shapes_of)
_ERRORS = (
    "#n/a",
    "#value!",
    "#ref!",
    "#div/0!",
    "#div/9!",
    "#name?",
    "#num!",
    "#null!",
    "#spill!",
    "#calc!",
    "#getting_data",
)
MISSING = frozenset(
    (
        *(
            "",
            "-",
            "--",
            "---",
            "–",
            "—",
            "n/a",
            "na",
            "n.a.",
            "n.a",
            "n/d",
            "nd",
            "n.d.",
            "null",
            "none",
            "nil",
            "nan",
        ),
        *(
            ".",
            "..",
            "...",
            "…",
            "?",
            ":",
            ": c",
            ":c",
            ": u",
            ":u",
            ": n",
            "x",
            "*",
            "/",
            "missing",
            "(na)",
            "<na>",
            "nat",
        ),
        *("np.nan", "k.a.", "k. a.", "s/d", "float('nan')", "undefined", "(null)", "#n/a n/a", "\\n", "n.v.", "nv"),
        *_ERRORS,
    )
)
# The label of a row that sums up the others, in the languages that the dates are read in
TOTAL = re.compile(
    r"(grand |sub)?-?totale?.*|sum|summe|gesamt|average|avg|mean|mittelwert|durchschnitt|"
    r"somme|moyenne|suma|media|source.*",
    re.IGNORECASE,
)
SHEET_ERRORS = frozenset(_ERRORS)
INFINITE = re.compile(r"[+-]?(?:inf|infinity|np\.inf|float\('inf'\)|∞)", re.IGNORECASE)
FORMULA = re.compile(r"=\s*[A-Za-z(+\-$@].*")
HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+")
