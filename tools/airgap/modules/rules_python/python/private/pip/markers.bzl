"""Judges environment markers (PEP 508) for a target platform instead of the machine that runs the build."""

load(":names.bzl", "normalize")

_PRECEDENCE = {"and": 2, "or": 1}
_SYSTEMS = {
    "linux": {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux"},
    "osx": {"os_name": "posix", "platform_system": "Darwin", "sys_platform": "darwin"},
}

def environment(platform, *, python):
    """Describes a platform in the variables of PEP 508.

    Args:
        platform: like `linux_x86_64`.
        python: the interpreter's full version, like "3.11.2".

    Returns:
        A dict from variable to value; `extra` is empty.
    """
    system, _, machine = platform.partition("_")
    if system not in _SYSTEMS:
        fail("The air-gapped rules_python knows no platform `{}`; it knows linux_* and osx_*.".format(platform))
    return _SYSTEMS[system] | {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_machine": "arm64" if platform == "osx_aarch64" else machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
    }

def _tokens(marker):
    """Splits a marker into words, operators, parentheses and quoted strings (which keep their first quote)."""
    tokens = []
    quote = ""
    word = ""
    for char in marker.elems():
        kind = "=" if char in "<>=!~" else "a"
        if quote:
            if char == quote:
                tokens.append(word)
                word = ""
                quote = ""
            else:
                word += char
            continue
        if word and (char in " ()'\"" or kind != ("=" if word[-1] in "<>=!~" else "a")):
            tokens.append(word)
            word = ""
        if char in "'\"":
            quote = char
            word = "'"
        elif char in "()":
            tokens.append(char)
        elif char != " ":
            word += char
    return tokens + ([word] if word else [])

def _release(version):
    """Turns a version into a list of numbers; a pre-release sorts before its release."""
    numbers = []
    for part in version.removesuffix(".*").split("."):
        digits = ""
        for char in part.elems():
            if not char.isdigit():
                break
            digits += char
        numbers.append(int(digits or "0"))
        if digits != part:
            return numbers + [0] * (4 - len(numbers)) + [-1]
    return numbers + [0] * (5 - len(numbers))

def _compare_versions(left, operator, right):
    if operator == "~=" or right.endswith(".*"):
        prefix = right.removesuffix(".*") if operator != "~=" else right.rpartition(".")[0]
        same = (left + ".").startswith(prefix + ".")
        if operator == "~=":
            return same and _release(left) >= _release(right)
        return same == (operator == "==")
    a, b = _release(left), _release(right)
    return {
        "!=": a != b,
        "<": a < b,
        "<=": a <= b,
        "==": a == b,
        "===": left == right,
        ">": a > b,
        ">=": a >= b,
    }[operator]

def _compare(operand, variables, marker):
    if len(operand) == 4 and operand[1:3] == ["not", "in"]:
        operand = [operand[0], "not in", operand[3]]
    if len(operand) != 3:
        fail("`{}` is not an environment marker.".format(marker))
    left, operator, right = operand
    values = [
        side[1:] if side.startswith("'") else variables[side]
        for side in (left, right)
    ]
    if "extra" in (left, right):
        values = [normalize(value) for value in values]
    if operator == "in":
        return values[0] in values[1]
    if operator == "not in":
        return values[0] not in values[1]
    if "_version" in left or "_version" in right:
        return _compare_versions(values[0], operator, values[1])
    return (values[0] == values[1]) == (operator in ("==", "==="))

def _apply(values, operator):
    right = values.pop()
    left = values.pop()
    values.append((left and right) if operator == "and" else (left or right))

def _reduce(values, operators, *, down_to):
    for _ in range(len(operators)):
        if operators[-1] == "(" or _PRECEDENCE[operators[-1]] < down_to:
            break
        _apply(values, operators.pop())

def evaluate(marker, variables):
    """Tells whether a marker holds.

    Args:
        marker: as in `Requires-Dist` after the semicolon; an empty one holds.
        variables: what `environment` returns, with `extra` set as wanted.

    Returns:
        True or False.
    """
    if not marker:
        return True
    values = []
    operators = []
    operand = []
    for token in _tokens(marker) + [")"]:
        if token not in ("(", ")", "and", "or"):
            operand.append(token)
            continue
        if operand:
            values.append(_compare(operand, variables, marker))
            operand = []
        if token == "(":
            operators.append(token)
        elif token == ")":
            _reduce(values, operators, down_to = 0)
            if operators:
                operators.pop()
        else:
            _reduce(values, operators, down_to = _PRECEDENCE[token])
            operators.append(token)
    return values[0]
