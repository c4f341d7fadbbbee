"""Restricts calls to attributes that have the same meaning in both rule sets."""

_COMMON = [
    "compatible_with",
    "data",
    "deprecation",
    "deps",
    "exec_compatible_with",
    "exec_properties",
    "features",
    "imports",
    "name",
    "restricted_to",
    "srcs",
    "tags",
    "target_compatible_with",
    "testonly",
    "toolchains",
    "visibility",
]
_EXECUTABLE = _COMMON + [
    "args",
    "config_settings",
    "env",
    "legacy_create_init",
    "main",
    "python_version",
    "stamp",
]

COVERED = {
    "py_binary": _EXECUTABLE,
    "py_library": _COMMON,
    "py_test": _EXECUTABLE + [
        "env_inherit",
        "flaky",
        "local",
        "shard_count",
        "size",
        "timeout",
    ],
}

def _difference(a, b):
    """Returns how many letters one word has more than the other, wherever they are."""
    letters = {letter: None for letter in (a + b).elems()}
    difference = 0
    for letter in letters:
        more = a.count(letter) - b.count(letter)
        difference += max(more, -more)
    return difference

def likely_attribute(rule, name):
    """Finds the attribute that was probably meant by a misspelt one.

    Args:
        rule: `py_library`, `py_binary` or `py_test`.
        name: the attribute that a call gives.

    Returns:
        the name of the covered attribute that differs least, or None if all differ by more than two letters.
    """
    found = sorted([(_difference(name, known), known) for known in COVERED[rule] if known[0] == name[0]])
    return found[0][1] if found and found[0][0] <= 2 else None

def _quoted(names):
    return ", ".join(["`{}`".format(name) for name in names])

def covered(rule, attributes):
    """Checks the attributes of a call.

    Args:
        rule: `py_library`, `py_binary` or `py_test`.
        attributes: what the call gives.

    Returns:
        The attributes for Bazel's own rule.
    """
    unknown = [name for name in attributes if name not in COVERED[rule]]
    if unknown:
        likely = [likely_attribute(rule, name) for name in unknown]
        if all(likely):
            fail("{} `{}` has no attribute {}; did you mean {}?".format(
                rule,
                attributes.get("name"),
                _quoted(unknown),
                _quoted(likely),
            ))
        fail("{} `{}`: the air-gapped rules_python does not cover {}. Covered are: {}.".format(
            rule,
            attributes.get("name"),
            _quoted(unknown),
            ", ".join(sorted(COVERED[rule])),
        ))
    version = attributes.get("python_version") or "3.11"
    if version not in ("3.11", "PY3"):
        fail("{} `{}`: python_version is {}, and there is Python 3.11 alone.".format(rule, attributes.get("name"), version))
    return {name: value for name, value in attributes.items() if name != "python_version"}
