"""Patterns of every kind that people write, each with a text that it is likely to be found in."""

import re

from hypothesis import strategies as st

_WORDS = st.sampled_from(
    [
        *("ERROR", "error", "Errno", "k", "s", "ab", "abc", "a/b", "x#y", "1-2", 'say "no"', "\n", " ", "{", "|", "^["),
        # What k, s, i, e and the like look like in other scripts.
        *("\u212a", "\u017f", "\u0131", "\u0130", "\u00c9", "\u00df", "\u1e9e", "\u03c3", "\u03c2"),
    ]
)
_PIECES = st.one_of(
    _WORDS.map(lambda word: (re.escape(word), word)),
    st.sampled_from(
        [
            (r"\d+", "42"), (r"\w", "k"), (r"\W", "\u017f"), (r"\S", "\u212a"), ("[a-c]+", "cab"), ("[^x]", "\u212a"),
            ("[^a-z]", "\u017f"), ("[^\u00c9]", "\u00e9"), (".", "\r"), (".*", " - "), (r"[\s\S]", "\n"), (r"\bE", "E"),
            (r"[k\]s]", "]"), ("x(?=y)y", "xy"), ("(?!q)z", "z"), ("(?<=[xz])y", "zy"), (r"(?P<n>[ab])(?P=n)", "bb"),
            ("^E", "E"), ("c$", "c"), (r"\.", "."), ("(|a)b", "b"), ("(foo|bar)", "bar"), (r"\/#", "/#"),
            ("a{2}b*", "aa"),
        ]
    ),
)  # fmt: skip
"""A part of a pattern, with a text that it is likely to be found in."""

Pair = tuple[str, str]


def _in_a_row(pairs: list[Pair]) -> Pair:
    return "".join(pattern for pattern, _ in pairs), "".join(text for _, text in pairs)


_PAIRS = st.recursive(
    _PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(_in_a_row),
        st.lists(inner, min_size=2, max_size=3).map(lambda all_: (f"({'|'.join(p for p, _ in all_)})", all_[-1][1])),
        st.tuples(inner, st.sampled_from([("+", 2), ("*", 0), ("?", 1), ("{2}", 2), ("{1,3}", 3), ("+?", 1)])).map(
            lambda both: (f"(?:{both[0][0]}){both[1][0]}", both[0][1] * both[1][1])
        ),
        inner.map(lambda pair: (f"(?i:{pair[0]})", pair[1].swapcase())),
        inner.map(lambda pair: (f"(?s:{pair[0]}.)", pair[1] + "\n")),
    ),
    max_leaves=6,
)
SIGNED = st.tuples(st.sampled_from(["", "", "(?i)"]), _PAIRS).map(
    lambda both: (both[0] + both[1][0], both[1][1].swapcase() if both[0] else both[1][1])
)
NOISE = st.sampled_from(["", "", "", "abc ", "ERROR ", "\r\n", "qq"])
